#!/usr/bin/env python3
"""What `tests/run timeline` builds, and how it looks at the pictures that came of it.

    timeline.py database FOLDER COUNT        writes FOLDER/compile_commands.json with COUNT commands
    timeline.py trace FILE COUNT JOBS        checks the trace that came of them, run by so many jobs
    timeline.py page FILE DOM COUNT          checks the page: its text, and what a browser made of it (its elements, in the file DOM)
    timeline.py use FILE COPY                writes a copy of the page that uses itself as somebody at a keyboard would
    timeline.py used DOM COUNT               checks what came of that

The first commands are the hard ones: command lines that try to break out of the page, failures, a program that is not there.
"""

import collections
import html
import html.parser
import json
import re
import sys

FAILING = ["fails", "killed"]
MISSING = ["missing"]
OUTPUT = 3000


def database(folder, count):
    def entry(name, *argv):
        return {"directory": folder, "file": name, "arguments": list(argv)}

    entries = [
        entry("hostile", "true", "</script><script>document.title = 'broken out'</script>",
              "<img src=x onerror=alert(1)>", "\u2028\"'`&amp;"),
        entry("<b>bold</b>.cpp", "true", "gr\u00f6\u00dfe", "\u20ac \U0001f600", "a\\b\tc\nd"),
        entry("fails", "false"),
        entry("killed", "sh", "-c", "kill -9 $$"),
        entry("missing", "/no/such/program"),
        entry("works", "sh", "-c",
              f"i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; head -c {OUTPUT} /dev/zero"),
        entry("sleeps", "sleep", "0.3"),
    ]
    entries += [entry(f"part {number}", "true", str(number)) for number in range(count - len(entries))]
    with open(f"{folder}/compile_commands.json", "w", encoding="utf-8") as file:
        json.dump(entries, file)


def trace(name, count, jobs):
    with open(name, encoding="utf-8") as file:
        events = json.load(file)
    by_phase = collections.defaultdict(list)
    for event in events:
        by_phase[event["ph"]].append(event)
    bars, curve = by_phase["X"], by_phase["C"]
    assert len(bars) == count - len(MISSING), f"{len(bars)} bars for {count} commands"
    marks = sorted(mark["name"] for mark in by_phase["i"])
    assert marks == [f"not started: {each}" for each in MISSING], marks

    rows = collections.defaultdict(list)
    for bar in bars:
        assert bar["ts"] >= 0 and bar["dur"] > 0, bar
        assert bar["args"]["status"] and bar["args"]["command"] and bar["args"]["process"] > 0, bar
        rows[bar["tid"]].append((bar["ts"], bar["ts"] + bar["dur"]))
    assert sorted(rows) == list(range(1, len(rows) + 1)) and len(rows) <= jobs, f"rows {sorted(rows)}"
    for row, spans in rows.items():
        spans.sort()
        for (_, end), (begin, _) in zip(spans, spans[1:]):
            assert begin >= end - 0.001, f"two bars at once in row {row}"

    last = max(bar["ts"] + bar["dur"] for bar in bars)
    assert all(0 <= each["ts"] <= last + 0.001 and 0 <= each["args"]["children"] <= jobs for each in curve)
    assert curve[-1]["args"]["children"] == 0

    failed = sorted(bar["name"] for bar in bars if bar["cat"] == "failed")
    assert failed == FAILING, failed
    arguments = {bar["name"]: bar["args"] for bar in bars}
    assert arguments["works"]["out_bytes"] == OUTPUT, arguments["works"]
    assert arguments["works"]["user_ms"] + arguments["works"]["system_ms"] > 0, arguments["works"]
    assert "</script><script>" in arguments["hostile"]["command"], arguments["hostile"]


class Elements(html.parser.HTMLParser):
    """The elements that matter: bars, and what only a command line could have brought in."""

    def __init__(self):
        super().__init__()
        self.title, self.bars, self.tags, self.inside = "", [], collections.Counter(), ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.tags[tag] += 1
        attributes = dict(attrs)
        if tag == "button" and "bar" in (attributes.get("class") or "").split():
            self.bars.append(attributes)

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "title":
            self.title += data


def page(name, dom, count):
    elements = Elements()
    with open(dom, encoding="utf-8", errors="replace") as file:
        elements.feed(file.read())
    assert len(elements.bars) == count, f"{len(elements.bars)} bars for {count} commands"
    failed = [bar for bar in elements.bars if "failed" in bar["class"].split()]
    assert len(failed) == len(FAILING + MISSING), [bar["aria-label"] for bar in failed]
    assert elements.title.startswith("compdb_build "), elements.title
    assert elements.tags["script"] == 2 and not elements.tags["img"] and elements.tags["b"] == elements.tags["li"], elements.tags
    assert all(bar["aria-label"] and "left:" in bar["style"] for bar in elements.bars)
    assert [bar["tabindex"] for bar in elements.bars].count("0") == 1, "not one bar in the order of the tab key"

    with open(name, encoding="utf-8") as file:
        text = file.read()
    own = re.sub(r'(?s)<script type="application/json".*?</script>', "", text)
    elsewhere = re.search(r"""\b(src|href)\s*=|url\(|@import|https?:|\bfetch\(|\bimport\b""", own)
    assert not elsewhere, f"it wants something from elsewhere: {elsewhere}"


# Ends with what it found, as JSON in an element of its own.
USE = """
<script>
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
const label = () => document.activeElement.getAttribute('aria-label');
const found = {};
document.querySelector('.bar[tabindex="0"]').focus();
found.first = label();
press('End');
found.last = label();
press('Home');
press('ArrowRight');
press('ArrowLeft');
found.back = label();
press('ArrowDown');
found.row = document.activeElement.parentElement.parentElement.getAttribute('aria-label');
found.details = document.querySelector('#details h2').textContent;
found.chosen = label();
press('+');
press('+');
found.width = document.getElementById('track').style.width;
press('0');
found.fit = document.getElementById('track').style.width;
document.getElementById('find').value = 'SLEEPS';
document.getElementById('find').dispatchEvent(new Event('input'));
found.dim = document.querySelectorAll('.bar.dim').length;
document.getElementById('all').open = true;
document.getElementById('all').addEventListener('toggle', () => {
  found.table = document.querySelectorAll('#rows tr').length;
  document.body.append(Object.assign(document.createElement('output'), {textContent: JSON.stringify(found)}));
});
</script>
"""


def use(name, copy):
    with open(name, encoding="utf-8") as file:
        text = file.read()
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text.replace("</body>", USE + "</body>"))


def used(dom, count):
    with open(dom, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = json.loads(html.unescape(re.search(r"<output>(.*?)</output>", text).group(1)))
    assert found["first"] == found["back"] and found["first"] != found["last"], found
    assert found["row"] == "slot 2" and found["chosen"].startswith(found["details"] + ", "), found
    assert found["width"] == "225%" and found["fit"] == "100%", found
    assert found["dim"] == count - 1 and found["table"] == count, found


def main(arguments):
    what, *rest = arguments
    if what == "database":
        database(rest[0], int(rest[1]))
    elif what == "trace":
        trace(rest[0], int(rest[1]), int(rest[2]))
    elif what == "page":
        page(rest[0], rest[1], int(rest[2]))
    elif what == "use":
        use(rest[0], rest[1])
    elif what == "used":
        used(rest[0], int(rest[1]))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
