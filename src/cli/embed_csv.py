#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a CSV file with a header as C arrays: embed_csv.py NAME IN.csv OUT.h"""
import csv
import sys

name, source, target = sys.argv[1:]
with open(source, newline='', encoding='utf-8') as file:
    header, *rows = list(csv.reader(file))
lines = [
    f'/* From {name}.csv. */',
    f'enum {{ {name.upper()}_ROWS = {len(rows)}, {name.upper()}_COLUMNS = {len(header)} }};',
    f'static const char *const {name}_names[] = {{{", ".join(chr(34) + h + chr(34) for h in header)}}};',
    f'static const double {name}_values[] = {{',
    *('  ' + ', '.join(row) + ',' for row in rows),
    '};',
]
with open(target, 'w', encoding='utf-8') as file:
    file.write('\n'.join(lines) + '\n')
