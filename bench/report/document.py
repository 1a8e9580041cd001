"""A document whose words are written by hand and whose figures are put in between marks."""

import re

MARK = re.compile(r"(<!-- bench:([a-z]+) -->\n)(.*?)(<!-- /bench -->)", re.DOTALL)


def filled(text: str, figures: dict[str, str]) -> str:
    """The document with new figures; a mark that names none is a mistake."""

    def put(found: re.Match) -> str:
        before, name, _, after = found.groups()
        return f"{before}{figures[name].rstrip()}\n{after}"

    return MARK.sub(put, text)
