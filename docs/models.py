#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws docs/models.svg: two ellipses of each covariance model, which share what its letters say."""
import math
import pathlib

MODELS = "EII VII EEI VEI EVI VVI EEE VEE EVE VVE EEV VEV EVV VVV".split()
NAMES = {"EII": "tied-spherical", "VII": "spherical", "EEI": "tied-diag", "VVI": "diag", "EEE": "tied", "VVV": "full"}
COLUMNS, WIDTH, HEIGHT, UNIT = 5, 150, 130, 26
COLOURS = "#0072b2", "#d55e00"


def ellipse(model, second):
    """Half axes in units of the picture, and the angle of the first axis in degrees."""
    volume = 0.42 if second and model[0] == "V" else 1
    shape = 1 if model[1] == "I" else 1.45 if second and model[1] == "V" else 2.6
    angle = 0 if model[2] == "I" else -40 if second and model[2] == "V" else 30
    return UNIT * math.sqrt(volume * shape), UNIT * math.sqrt(volume / shape), angle


def panel(model, left, top):
    yield f'<text x="{left + WIDTH / 2}" y="{top + 18}" text-anchor="middle">{model}' \
          f'{" = " + NAMES[model] if model in NAMES else ""}</text>'
    for second in (0, 1):
        a, b, angle = ellipse(model, second)
        x, y = left + WIDTH * (0.36 + 0.3 * second), top + HEIGHT * (0.5 + 0.16 * second)
        yield f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{a:.1f}" ry="{b:.1f}" transform="rotate({-angle} {x:.1f} {y:.1f})" ' \
              f'fill="{COLOURS[second]}" fill-opacity="0.15" stroke="{COLOURS[second]}" stroke-width="1.6"/>'


def main():
    rows = -(-len(MODELS) // COLUMNS)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT}" '
             f'font-family="sans-serif" font-size="13" fill="#222222">',
             f'<rect width="{COLUMNS * WIDTH}" height="{rows * HEIGHT}" fill="#ffffff"/>']
    for number, model in enumerate(MODELS):
        lines += panel(model, number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT)
    pathlib.Path(__file__).with_name("models.svg").write_text("\n".join(lines) + "\n</svg>\n")


main()
