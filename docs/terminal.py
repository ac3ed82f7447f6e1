"""Draws a terminal session as SVG, from the real output of commands: python3 docs/terminal.py OUT.svg 'command' …

Run from the repository with the binary on PATH. Output and messages are shown as a terminal shows them."""
import html
import subprocess
import sys

WIDTH, LINE, LEFT = 104, 17, 14

lines = []
for command in sys.argv[2:]:
    lines.append(("#7ee787", "$ " + command))
    out = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    for text in out.rstrip("\n").split("\n"):
        color = "#ff7b72" if "error:" in text or "^" in text else "#79c0ff" if text.lstrip().startswith("hint:") else "#e6edf3"
        lines += [(color, text[i:i + WIDTH]) for i in range(0, max(len(text), 1), WIDTH)]
    lines.append(("#e6edf3", ""))

height = LINE * len(lines) + 40
body = "".join('<text x="%d" y="%d" fill="%s" xml:space="preserve">%s</text>\n' % (LEFT, 44 + LINE * i, c, html.escape(t))
               for i, (c, t) in enumerate(lines))
dots = "".join('<circle cx="%d" cy="15" r="5" fill="%s"/>' % (20 + 18 * i, c) for i, c in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")))
with open(sys.argv[1], "w", encoding="utf-8") as f:
    f.write('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="ui-monospace, Menlo, Consolas, monospace" '
            'font-size="13">\n<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>\n%s\n%s</svg>\n' % (WIDTH * 8 + 28, height, dots, body))
