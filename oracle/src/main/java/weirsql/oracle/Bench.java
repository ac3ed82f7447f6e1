package weirsql.oracle;
import java.io.PrintStream;
import java.util.List;
final class Bench { static void main(List<String> args, PrintStream out) throws Exception { } }
