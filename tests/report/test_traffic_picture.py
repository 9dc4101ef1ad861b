"""The slide of what exports say: nothing is cut off, and what is not known is said in whole sentences."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import matplotlib as mpl
import pytest

from warmup.providers import catalogue
from warmup.report import figures
from warmup.report.traffic_picture import draw
from warmup.traffic.exports import classified, read_exports
from warmup.traffic.overview import overview
from warmup.traffic.readers import Context

DOMAINS = ("gmail.com", "outlook.com", "yahoo.com", "web.de", "icloud.com", "arcor.de", "laposte.net", "comcast.net")
STREAMS = ("newsletter of the week", "promotions and offers", "receipts and invoices", "")


def events(named, bounced):
    """A day of mail as SendGrid tells of it."""
    for stream in named:
        for n, domain in enumerate(DOMAINS):
            about = {"email": f"r@{domain}", "timestamp": 1772442000, "sg_message_id": f"{stream}{n}"}
            about |= {"category": stream} if stream else {}
            yield about | {"event": "processed", "sg_event_id": f"p{stream}{n}"}
            outcome = {"event": "bounce", "type": "blocked"} if bounced and n == 1 else {"event": "delivered"}
            yield about | outcome | {"sg_event_id": f"o{stream}{n}"}


def slide(tmp_path, named, bounced=True):
    path = tmp_path / "events.json"
    path.write_text(json.dumps(list(events(named, bounced))))
    facts = overview(classified(read_exports([path], Context(ZoneInfo("UTC")))))
    known = catalogue()
    with mpl.rc_context(figures.STYLE):
        figure = draw(facts, {name: known.group_name(name) for name in map(str, facts.providers.index)})
        figure.draw_without_rendering()  # places labels
        return figure


def texts(figure):
    ticks = {label for axes in figure.axes for label in axes.get_xticklabels()}  # some lie outside and are not drawn
    found = (text for text in figure.findobj(mpl.text.Text) if text not in ticks)
    return [text for text in found if text.get_text() and text.get_visible()]


@pytest.mark.parametrize("named", [STREAMS, STREAMS[:1], ("",)])
@pytest.mark.parametrize("bounced", [True, False])
def test_nothing_is_cut_off(tmp_path, named, bounced):
    figure = slide(tmp_path, named, bounced)
    for text in texts(figure):
        box = text.get_window_extent().transformed(figure.transFigure.inverted())
        assert box.x0 > -0.001, text.get_text()
        assert box.x1 < 1.001, text.get_text()
        assert box.y0 > -0.001, text.get_text()


def test_sentences_are_whole_and_parts_of_a_hundred_begin_at_0(tmp_path):
    figure = slide(tmp_path, STREAMS, bounced=False)
    said = " ".join(text.get_text() for text in texts(figure))
    assert "All messages go to mailbox providers that are known." in said
    assert "part of" not in said
    assert figure.axes[-1].get_xlim()[0] == 0
