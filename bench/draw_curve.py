"""A small line chart as SVG, drawn by hand: no library, and a change of a figure changes one line of the file."""

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 130, 34, 44
COLORS = ["#1a6fb5", "#b5541a", "#3d8a3d", "#7a4fa3"]


def step_for(largest):
    """A round step that gives four to eight lines."""
    step = 10.0 ** -3
    while True:
        for factor in (1, 2, 5):
            if largest / (step * factor) <= 7:
                return step * factor
        step *= 10


def svg(title, x_label, y_label, series):
    """`series`: name -> [(x, y), ...] with rising x; both axes begin at 0."""
    x_most = max(x for points in series.values() for x, _ in points) or 1
    y_most = max(y for points in series.values() for _, y in points) or 1
    y_step = step_for(y_most)
    y_top = y_step * (int(y_most / y_step) + 1)
    x_step = step_for(x_most)

    def across(x):
        return round(LEFT + (WIDTH - LEFT - RIGHT) * x / x_most, 1)

    def down(y):
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y / y_top, 1)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{title}</text>']
    y = 0.0
    while y <= y_top + y_step / 2:
        out.append(f'<path d="M{LEFT} {down(y)}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{down(y) + 4}" text-anchor="end">{y:g}</text>')
        y = round(y + y_step, 6)
    x = 0.0
    while x <= x_most * 1.0001:
        out.append(f'<text x="{across(x)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:g}</text>')
        x = round(x + x_step, 6)
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 10}" text-anchor="middle">{x_label}</text>')
    out.append(f'<text x="14" y="{(TOP + HEIGHT - BOTTOM) / 2:g}" text-anchor="middle" '
               f'transform="rotate(-90 14 {(TOP + HEIGHT - BOTTOM) / 2:g})">{y_label}</text>')
    for color, (name, points) in zip(COLORS, series.items()):
        path = "L".join(f"{across(x)} {down(y)}" for x, y in points)
        out.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        out += [f'<circle cx="{across(x)}" cy="{down(y)}" r="3" fill="{color}"/>' for x, y in points]
        last_x, last_y = points[-1]
        out.append(f'<text x="{across(last_x) + 8}" y="{down(last_y) + 4}" fill="{color}">{name}</text>')
    return "\n".join([*out, "</svg>", ""])
