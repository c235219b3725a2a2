"""Small drawings as SVG: the town's arms, a landscape for each page, an icon for each section.

Colours are classes, so that the style sheet paints them for day and night.
"""

from __future__ import annotations

import math
import random

WIDTH, HEIGHT = 1200, 300
FITTED = 'preserveAspectRatio="xMidYMax slice"'
HIDDEN = 'aria-hidden="true" focusable="false"'

ARMS = (
    '<svg class="arms" viewBox="0 0 48 56" aria-hidden="true" focusable="false">'
    '<path class="arms-field" d="M3 3h42v26c0 13-9 20-21 24C12 49 3 42 3 29z"/>'
    '<path class="arms-river" d="M4 38c7-4 13 4 20 0s13 4 20 0c-2 6-6 9-10 12H14C10 47 6 44'
    ' 4 38z"/><path class="arms-bridge" d="M7 35v-4c8-9 26-9 34 0v4h-5c-1-5-6-6-7-1v1h-10v-1'
    'c-1-5-6-4-7 1z"/>'
    '<path class="arms-leaf" d="M24 7c6 3 8 8 5 13-1 2-3 3-5 4-2-1-4-2-5-4-3-5-1-10 5-13z"/>'
    '<path class="arms-vein" d="M24 10v16M24 15l3-2M24 19l4-2M24 15l-3-2M24 19l-4-2"/></svg>'
)

ICONS = {
    "services": "M6 4h9l5 5v11H6zM15 4v5h5M9 13h8M9 16.5h6",
    "citizens": (
        "M3 6h18v12H3zM6.5 15.5c.5-3 5.5-3 6 0M9.5 11.5a1.8 1.8 0 1 0-.01 0M15.5 10h3M15.5 13h3"
    ),
    "family": (
        "M8 9a2.5 2.5 0 1 0-.01 0M3.5 20v-5c0-4 9-4 9 0v5M17 12a2 2 0 1 0-.01 0M14 20v-3"
        "c0-3.5 6.5-3.5 6.5 0v3"
    ),
    "building": "M3 20h18M5 20V11l7-6 7 6v9M10 20v-5h4v5M15.5 6V4h2v4",
    "traffic": "M8 21 10.5 3M16 21 13.5 3M12 5v2M12 10v3M12 16v3M4 21h16",
    "business": (
        "M4 10v10h16V10M3 10l2-6h14l2 6"
        "c0 2.5-4.5 2.5-4.5 0 0 2.5-4.5 2.5-4.5 0 0 2.5-4.5 2.5-4.5 0 0 2.5-4.5 2.5-4.5 0"
        "M10 20v-5h4v5"
    ),
    "social": "M12 20c-6-4-9-7-8.5-11 .5-4 6-5 8.5-1 2.5-4 8-3 8.5 1 .5 4-2.5 7-8.5 11z",
    "order": (
        "M7 4.5a1.8 2.3 0 1 0 .01 0M17 4.5a1.8 2.3 0 1 0 .01 0M4 10.5a1.6 2 0 1 0 .01 0"
        "M20 10.5a1.6 2 0 1 0 .01 0M12 11c-3 0-5.5 4-5.5 6.5 0 3 3 2.5 5.5 2.5s5.5.5 5.5-2.5"
        "C17.5 15 15 11 12 11z"
    ),
    "culture": "M9 18a2.5 2 0 1 1-.01-.01M19 16a2.5 2 0 1 1-.01-.01M9 18V6l10-2v12M9 9.5l10-2",
    "waste": "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10.5 10.5v6M13.5 10.5v6",
    "library": (
        "M12 6c-2-2-5-2-8-1.5V19c3-.5 6-.5 8 1.5 2-2 5-2 8-1.5V4.5C17 4 14 4 12 6zM12 6v14.5"
    ),
    "parks": "M12 21v-6M12 3c4 3 6 6 5 9-1 2-3 3-5 3s-4-1-5-3c-1-3 1-6 5-9zM12 12l2.5-2.5M5 21h14",
    "places": "M12 3.5a8.5 8.5 0 1 0 .01 0M12 8v4.5l3 2",
    "news": "M4 5h13v14H6c-1 0-2-1-2-2zM17 9h3v8c0 1-1 2-3 2M7 9h7M7 12h7M7 15h4",
    "events": "M5 6h14v14H5zM5 10h14M9 4v4M15 4v4M9 14h2M13 14h2M9 17h2",
    "council": "M4 20h16M5 10h14M12 4l8 5H4zM7 10v8M12 10v8M17 10v8",
    "town": "M4 20V10l4-3 4 3v10M12 20V7l4-4 4 4v13M3 20h18M7 13h2M7 16h2M15 9h2M15 13h2M15 16h2",
}


def icon(key: str) -> str:
    """The icon of a page by its key: of the office if it is one's, else of the section."""
    parts = key.split("/")[:2]
    lines = next((ICONS[part] for part in reversed(parts) if part in ICONS), ICONS["town"])
    return f'<svg class="icon" viewBox="0 0 24 24" {HIDDEN}><path d="{lines}"/></svg>'


def landscape(seed: object) -> str:
    """Hills, trees, houses and the river, the same for the same seed."""
    chance = random.Random(f"landscape {seed}")
    sun = chance.randint(680, 1080), chance.randint(152, 166)
    parts = [
        f'<svg class="landscape" viewBox="0 0 {WIDTH} {HEIGHT}" {FITTED} {HIDDEN}>',
        f'<rect class="sky" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<circle class="glow" cx="{sun[0]}" cy="{sun[1]}" r="66"/>',
        f'<circle class="sun" cx="{sun[0]}" cy="{sun[1]}" r="34"/>',
    ]
    far, middle = _ridge(chance, 168, 34), _ridge(chance, 206, 26)
    parts += [_hill("far", far), _hill("middle", middle)]
    parts += [_tree(chance, x, middle[x // 20]) for x in _places(chance, 12)]
    parts += _village(chance)
    parts.append(_river(chance))
    near = _ridge(chance, 278, 8)
    parts.append(_hill("near", near))
    parts += [_reed(chance, x, near[x // 20]) for x in _places(chance, 16)]
    return "".join(parts) + "</svg>"


def _ridge(chance: random.Random, level: int, swing: int) -> list[float]:
    """The height of a line of hills at every 20 units."""
    waves = [(chance.uniform(0.6, 2.6), chance.uniform(0, 6.3), chance.random()) for _ in range(3)]
    total = sum(weight for _, _, weight in waves)
    return [
        level
        + swing
        * sum(
            weight * math.sin(rate * step * 20 / WIDTH * 2 * math.pi + shift)
            for rate, shift, weight in waves
        )
        / total
        for step in range(WIDTH // 20 + 1)
    ]


def _hill(kind: str, ridge: list[float]) -> str:
    line = " ".join(f"L{step * 20} {height:.0f}" for step, height in enumerate(ridge))
    return f'<path class="{kind}" d="M0 {HEIGHT} {line} L{WIDTH} {HEIGHT}z"/>'


def _places(chance: random.Random, count: int) -> list[int]:
    return sorted(chance.sample(range(10, WIDTH - 10), count))


def _tree(chance: random.Random, x: int, ground: float) -> str:
    size = chance.randint(10, 20)
    top = ground - size * 1.4
    trunk = f'<path class="trunk" d="M{x} {ground + 3:.0f}V{top:.0f}"/>'
    if chance.random() < 0.4:
        half, foot, tip = size * 0.55, ground - 3, ground - size * 2.6
        crown = f"M{x - half:.0f} {foot:.0f}L{x} {tip:.0f}L{x + half:.0f} {foot:.0f}z"
        return f'{trunk}<path class="fir" d="{crown}"/>'
    return f'{trunk}<circle class="crown" cx="{x}" cy="{top:.0f}" r="{size * 0.75:.0f}"/>'


def _village(chance: random.Random) -> list[str]:
    """A row of gabled houses on the bank, and a church among them."""
    start, parts = chance.randint(90, 560), []
    church = chance.randint(1, 5)
    x = start
    for number in range(chance.randint(7, 10)):
        wide, high = chance.randint(26, 44), chance.randint(24, 44)
        if number == church:
            parts.append(_church(x))
            x += 40
        floor, eaves = 240, 240 - high
        parts.append(
            f'<path class="house h{chance.randint(1, 4)}" '
            f'd="M{x} {floor}V{eaves}l{wide / 2:.0f} -{wide * 0.45:.0f}l{wide / 2:.0f} '
            f'{wide * 0.45:.0f}V{floor}z"/>'
            f'<path class="roof" d="M{x - 3} {eaves + 1}L{x + wide / 2:.0f} '
            f'{eaves - wide * 0.45:.0f}L{x + wide + 3} {eaves + 1}z"/>'
        )
        for row in range(eaves + 8, floor - 10, 13):
            for column in range(x + 6, x + wide - 8, 11):
                lit = " lit" if chance.random() < 0.3 else ""
                parts.append(f'<path class="window{lit}" d="M{column} {row}h5v7h-5z"/>')
        x += wide + chance.choice([0, 0, 3, 12])
    return parts


def _church(x: int) -> str:
    return (
        f'<path class="house h2" d="M{x + 4} 240V180h26v60z"/>'
        f'<path class="roof" d="M{x + 2} 181L{x + 17} 134L{x + 32} 181z"/>'
        f'<circle class="window lit" cx="{x + 17}" cy="194" r="4.5"/>'
        f'<path class="window" d="M{x + 13} 214q4 -8 8 0v26h-8z"/>'
    )


def _river(chance: random.Random) -> str:
    glints = "".join(
        f'<path class="glint" d="M{x} {y}h{chance.randint(20, 70)}"/>'
        for x, y in ((chance.randint(0, WIDTH), chance.randint(248, 276)) for _ in range(18))
    )
    return f'<path class="river" d="M0 240h{WIDTH}v60H0z"/>{glints}'


def _reed(chance: random.Random, x: int, ground: float) -> str:
    tall, lean = chance.randint(14, 30), chance.randint(-4, 4)
    return f'<path class="reed" d="M{x} {ground + 4:.0f}q{lean} -{tall // 2} {lean} -{tall}"/>'
