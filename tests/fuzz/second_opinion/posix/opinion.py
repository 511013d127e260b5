#!/usr/bin/env python3
"""Python's opinion, for python_cases.cpp.

    opinion.py json | words | utf   <questions >answers

Questions and answers are frames: the length in decimal, a line feed, and so many bytes. An answer is a list of texts, each with
a NUL behind it, or "refused" without one.
"""
import json
import math
import shlex
import sys

REFUSED = b"refused"


def frames(stream):
    while line := stream.readline():
        yield stream.read(int(line))


def as_list(texts):
    return b"".join(text.encode() + b"\0" for text in texts)


class Refused(Exception):
    pass


def finite(number):
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if math.isinf(value):
        raise Refused
    return value


def no_constant(_name):
    raise Refused


def check_texts(value):
    """Halves of surrogate pairs are no text."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, list):
        for each in value:
            check_texts(each)


def checked_object(pairs):
    for key, value in pairs:
        check_texts(key)
        check_texts(value)
    return dict(pairs)


def text(value):
    if not isinstance(value, str) or not value or "\0" in value:
        raise Refused
    return value


def entry(value):
    if not isinstance(value, dict):
        raise Refused
    texts = [text(value.get("directory")), text(value.get("file")), ""]
    if "output" in value:
        texts[1:] = ["", text(value["output"])]
    if "arguments" in value:
        arguments = value["arguments"]
        if not isinstance(arguments, list) or not arguments:
            raise Refused
        if not all(isinstance(each, str) and "\0" not in each for each in arguments):
            raise Refused
        return texts + ["arguments", str(len(arguments))] + arguments
    return texts + ["command", text(value.get("command"))]


def of_json(question):
    """What a compilation database says: for each entry the directory, the output or else the file, and the command in one form or the other."""
    try:
        root = json.loads(question.decode("utf-8-sig"), parse_float=finite, parse_int=finite,
                          parse_constant=no_constant, object_pairs_hook=checked_object)
        check_texts(root)
        if not isinstance(root, list):
            raise Refused
        return as_list(each for value in root for each in entry(value))
    except (Refused, ValueError, RecursionError):
        return REFUSED


def of_words(question):
    try:
        return as_list(shlex.split(question.decode()))
    except ValueError:
        return REFUSED


def of_utf(question):
    """The units of WTF-8, as their numbers."""
    try:
        units = question.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    except ValueError:
        return REFUSED
    # Two halves that make a pair are written as the pair that they are.
    if units.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass") != question:
        return REFUSED
    return as_list(str(units[at] + 256 * units[at + 1]) for at in range(0, len(units), 2))


def main():
    answer_of = {"json": of_json, "words": of_words, "utf": of_utf}[sys.argv[1]]
    for question in frames(sys.stdin.buffer):
        answer = answer_of(question)
        sys.stdout.buffer.write(b"%d\n%b" % (len(answer), answer))


main()
