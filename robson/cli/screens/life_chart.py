# --- the chart -----------------------------------------------------------------------------------


def _chart(life: Life, page: Page, rows: int) -> list[Line]:
    """Levels, path and time; three lines are the axis and the blanks around it."""
    drawing = _drawing(life, page)
    left = max([cells(mark.left) for mark in drawing.marks], default=0)
    right = max([width_of(mark.right) for mark in drawing.marks], default=0)
    columns = max(10, page.width - left - 1 - 2 - right)
    begins = figures.minute(life.position.get("created_at"))
    ends = f"{figures.minute(at(life.status, 'as_of'))} UTC"
    lines = chart.draw(drawing, rows=rows, columns=columns, left=left, symbols=page.symbols)
    return [*lines, [], chart.axis(drawing, begins, ends, columns=columns, left=left), []]


def _since(life: Life, when: object) -> Decimal:
    passed = figures.seconds_between(life.position.get("created_at"), when)
    return max(Decimal(0), Decimal(int(passed or 0)))


def _drawing(life: Life, page: Page) -> Chart:
    path = tuple(Point(_since(life, one.at), one.price) for one in life.path)
    now = max([_since(life, at(life.status, "as_of")), *(p.at_s for p in path)])
    return Chart(path, _stops(life), tuple(_marks(life, page)), now)


def _stops(life: Life) -> tuple[Point, ...]:
    """The stop from each moment on at which it moved."""
    stops = []
    for row in journal.of(life.rows, "sizing_decided", "stop_raised"):
        raised = journal.kind(row) == "stop_raised"
        price = journal.pay_num(row, *(("stop",) if raised else ("plan", "stops", "stop")))
        if price is not None:
            stops.append(Point(_since(life, row.get("at")), price))
    now = num(life.position, "stop_loss")
    if not stops and now is not None:
        stops.append(Point(Decimal(0), now))
    return tuple(stops)


def _marks(life: Life, page: Page) -> list[Mark]:
    """The most important first: stop, stop-gain, entry, first stop, last rung."""
    p, wide = life.position, page.width >= WORDS_FROM
    entry, span = num(p, "entry_ref"), num(p, "executable_span")
    stop, first, gain = (num(p, key) for key in ("stop_loss", "first_stop", "stop_gain"))
    sign = -1 if text(p, "side") == "short" else 1
    marks: list[Mark] = []

    def mark(price: Decimal, word: str, more: str, *, guide: bool = False, style: str = PLAIN) -> None:
        right: Line = [(word, style), (f"  {more}" if wide and more else "", QUIET)]
        marks.append(Mark(price, facts.price_of(p, price), right, guide, style))

    if stop is not None and entry is not None and span:
        style = LEVEL if facts.covered(p) else PLAIN
        far = figures.spans_of((stop - entry) * sign, span)
        mark(stop, "stop", "" if stop == first else f"{far} spans", style=style)
    if gain is not None and entry is not None and span:
        far = figures.spans_of((gain - entry) * sign, span)
        net = num(p, "net_r_at_gain")
        r = f", {figures.in_r(net)}".replace("\u00a0", " ") if net is not None else ""
        mark(gain, "stop-gain", f"{far} spans{r}", guide=True)
    if entry is not None:
        mark(entry, "entry", "", guide=True)
    if first is not None and first != stop:
        mark(first, "first stop" if wide else "first", "", style=QUIET)
    raised = journal.last(life.rows, "stop_raised")
    rung = int(journal.pay_num(raised, "rung") or 0)
    if raised is not None and rung and entry is not None and span:
        when = figures.minute(raised.get("at"))
        mark(entry + sign * rung * span, f"rung {rung}" if wide else "rung", f"reached {when}", style=QUIET)
    return marks


