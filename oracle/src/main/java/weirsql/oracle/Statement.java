package weirsql.oracle;

import java.util.ArrayList;
import java.util.List;

/** A statement of a script without its closing semicolon and comments, and the {@code @words} of the comments before it. */
record Statement(String sql, List<String> directives) {

    /** Knows quotes, comments and statement sets ({@code EXECUTE STATEMENT SET BEGIN ...; END;}), nothing else of SQL. */
    static List<Statement> split(String text) {
        List<Statement> statements = new ArrayList<>();
        List<String> directives = new ArrayList<>();
        StringBuilder sql = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (text.startsWith("--", i)) {
                int end = text.indexOf('\n', i);
                end = end < 0 ? text.length() : end;
                String comment = text.substring(i + 2, end).strip();
                if (comment.startsWith("@")) {
                    directives.add(comment.substring(1));
                }
                i = end;
            } else if (c == '\'' || c == '`') {
                int end = text.indexOf(c, i + 1) + 1;
                sql.append(text, i, end);
                i = end;
            } else if (c == ';' && complete(sql.toString())) {
                add(statements, sql, directives);
                i++;
            } else {
                sql.append(c);
                i++;
            }
        }
        add(statements, sql, directives);
        return statements;
    }

    private static boolean complete(String sql) {
        return !sql.strip().toUpperCase().startsWith("EXECUTE STATEMENT SET") || sql.strip().toUpperCase().endsWith("END");
    }

    private static void add(List<Statement> statements, StringBuilder sql, List<String> directives) {
        String text = sql.toString().strip().replaceAll("[ \\t]*\\n\\s*", "\n").replaceAll("\\n", " ");
        if (!text.isEmpty()) {
            statements.add(new Statement(text, List.copyOf(directives)));
            directives.clear();
        }
        sql.setLength(0);
    }
}
