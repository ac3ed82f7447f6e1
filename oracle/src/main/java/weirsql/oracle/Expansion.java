package weirsql.oracle;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Cross products: <code>f([[a | b]], [[c | d]])</code> stands for four lines. {@code let name = a | b}
 * names a list, {@code [[$name]]} (also {@code [[$name | c]]}) uses it. {@code ~} is the empty choice,
 * {@code [[=1]]} repeats what was chosen for the first group of the line.
 */
final class Expansion {
    private final Map<String, String> lists = new HashMap<>();

    /** True when the line was a definition. */
    boolean define(String line) {
        if (!line.startsWith("let ")) {
            return false;
        }
        int equals = line.indexOf('=');
        lists.put(line.substring(4, equals).strip(), substitute(line.substring(equals + 1).strip()));
        return true;
    }

    List<String> expand(String line) {
        List<String> done = new ArrayList<>();
        expand(line, List.of(), done);
        return done;
    }

    private void expand(String line, List<String> chosen, List<String> done) {
        int open = line.indexOf("[[");
        int close = line.indexOf("]]", open);
        if (open < 0 || close < 0) {
            done.add(line.strip());
            return;
        }
        String group = line.substring(open + 2, close).strip();
        if (group.matches("=\\d+")) {
            String again = chosen.get(Integer.parseInt(group.substring(1)) - 1);
            expand(line.substring(0, open) + again + line.substring(close + 2), chosen, done);
            return;
        }
        // A blank is needed around the bar, so that || and '|' stay what they are.
        for (String choice : substitute(group).split(" \\| ")) {
            String text = choice.strip().equals("~") ? "" : choice.strip();
            List<String> with = new ArrayList<>(chosen);
            with.add(text);
            expand(line.substring(0, open) + text + line.substring(close + 2), with, done);
        }
    }

    private String substitute(String list) {
        StringBuilder all = new StringBuilder();
        for (String choice : list.split(" \\| ")) {
            String name = choice.strip();
            String text = name.startsWith("$") ? lists.get(name.substring(1)) : choice;
            if (text == null) {
                throw new IllegalArgumentException("undefined list " + name);
            }
            all.append(all.length() == 0 ? "" : " | ").append(text);
        }
        return all.toString();
    }
}
