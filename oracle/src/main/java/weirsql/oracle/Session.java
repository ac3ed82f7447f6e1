package weirsql.oracle;

import java.time.ZoneId;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** One MiniCluster, shared by all scripts of a run. Each script gets a table environment (catalog, options) of its own. */
final class Session implements AutoCloseable {
    private final MiniCluster cluster;
    private final String host;
    private final int port;

    Session() throws Exception {
        Configuration conf = new Configuration();
        conf.set(RestOptions.BIND_PORT, "0");
        conf.set(RestOptions.ADDRESS, "localhost");
        conf.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(128));
        conf.set(TaskManagerOptions.NETWORK_MEMORY_MIN, MemorySize.ofMebiBytes(64));
        conf.set(TaskManagerOptions.NETWORK_MEMORY_MAX, MemorySize.ofMebiBytes(64));
        cluster = new MiniCluster(new MiniClusterConfiguration.Builder()
                .setConfiguration(conf)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(8)
                .build());
        cluster.start();
        host = cluster.getRestAddress().get().getHost();
        port = cluster.getRestAddress().get().getPort();
    }

    /** Streaming mode, parallelism 1, session zone UTC, no restarts: a failing row fails the statement. */
    StreamTableEnvironment environment() {
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createRemoteEnvironment(host, port);
        env.setParallelism(1);
        StreamTableEnvironment tables =
                StreamTableEnvironment.create(env, EnvironmentSettings.newInstance().inStreamingMode().build());
        tables.getConfig().setLocalTimeZone(ZoneId.of("UTC"));
        tables.getConfig().set("restart-strategy.type", "none");
        return tables;
    }

    @Override
    public void close() throws Exception {
        cluster.close();
    }
}
