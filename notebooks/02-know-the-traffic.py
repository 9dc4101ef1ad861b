# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %%

# %% [markdown]
# # Know the traffic
#
# A plan is made of what is sent today. This notebook goes from what a customer's platforms export to what they say:
# how much, on which days, to whom, how it fared, and what they cannot say. It ends with the supply that a plan takes.
#
# The customer is an example. For your own, point `folder` at the folder with your `scenario.toml` and leave `today`
# out. On the command line it is `warmup traffic read scenario.toml`.

# %%
from collections import Counter
from datetime import date
from pathlib import Path
from tempfile import mkdtemp

import warmup
from warmup.demo import write_demo

folder = Path(mkdtemp(prefix="warmup-demo-"))
today = date(2026, 11, 23)  # a fixed day, so that the numbers in the text below stay true
written = write_demo(folder, today=today)
Counter(path.relative_to(folder).parent.as_posix() for path in written)

# %% [markdown]
# Receipts and promotions go out through SparkPost, the newsletter through Mailchimp. These are the platforms' own
# files. SparkPost's answer about receipts to Gmail begins like this; it does not say for whom it was asked, so the
# scenario does:

# %%
print((folder / "sparkpost/receipts/google.json").read_text(encoding="utf-8")[:460])

# %% [markdown]
# Mailchimp has a report of all campaigns, and the domains of each campaign:

# %%
campaign = next((folder / "mailchimp/domains").iterdir())
print((folder / "mailchimp/campaigns.csv").read_text(encoding="utf-8")[:420])
print(campaign.read_text(encoding="utf-8")[:300])

# %% [markdown]
# ## Read them
#
# A folder is enough: the platform is recognised from the content. Nothing is asked of a network.

# %%
from zoneinfo import ZoneInfo

from warmup.traffic.exports import classified, read_exports, read_scenario
from warmup.traffic.readers import Context

mailchimp = read_exports([folder / "mailchimp"], Context(ZoneInfo("America/New_York")))
for one in mailchimp.platforms:
    print(f"{one.title}: {len(one.files)} files, {one.result.records:,} records, {one.result.damage.count} damaged")

# %% [markdown]
# `read_scenario` reads all that a scenario names, each export as the scenario says. `classified` adds the mailbox
# provider of every row. `counts` is one tidy table, whatever the platform.

# %%
scenario = warmup.load_scenario(folder / "scenario.toml")
exports = classified(read_scenario(scenario))
exports.counts.sample(4, random_state=1).T

# %% [markdown]
# ## What nobody said
#
# What a platform cannot say is missing (`<NA>`), never 0. Mailchimp says nothing of blocks, deferrals and opens by
# people; bounces by cause and complaints are known for a whole campaign, not by domain.

# %%
from warmup.traffic.capabilities import capabilities
from warmup.traffic.measures import MEASURES

known = exports.counts.groupby("source")[list(MEASURES)].agg(lambda column: column.notna().mean())
assert (known.loc["mailchimp", list(capabilities()["mailchimp"].never)] == 0).all()
known.T.style.format("{:.0%}")

# %% [markdown]
# The notes say what else must be known. A warning is worth a question to the customer.

# %%
for note in exports.notes:
    print(f"{note.level:8} {note.source}: {note.text}"[:200])

# %% [markdown]
# ## The picture
#
# The same slide that `warmup traffic read scenario.toml -o DIR` writes.

# %%
import matplotlib.pyplot as plt  # shows figures below their cell

from warmup.providers import catalogue
from warmup.report.traffic_picture import draw
from warmup.traffic.overview import overview

facts = overview(exports)
names = {name: catalogue().group_name(name) for name in facts.providers.index}
draw(facts, names)

# %% [markdown]
# ## Rhythm and streams
#
# On which weekdays each stream is sent, as mean messages a day. A customer who says "daily" and sends twice a week has
# another ramp.

# %%
facts.rhythm.set_axis(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], axis=1).round()

# %%
facts.streams[["messages", "days", "first", "last", "largest_day", "hard", "block", "complaint"]]

# %% [markdown]
# The newsletter's blocks are unknown. That is a question for the customer, not a good sign.

# %%
assert facts.streams["block"].isna().to_dict() == {"promotions": False, "newsletter": True, "receipts": False}
assert facts.streams["hard"].notna().all()

# %% [markdown]
# ## Providers
#
# Who receives it, and how it fares there. Every provider has a ramp of its own, so these shares are what a plan is
# made of.

# %%
providers = facts.providers.rename(index=names)
assert abs(providers["share"].sum() - 1) < 1e-9
providers[["messages", "share", "deferred", "block", "hard", "complaint"]].head(8).style.format(
    {"messages": "{:,}"} | dict.fromkeys(["share", "deferred", "block", "hard"], "{:.2%}") | {"complaint": "{:.3%}"}
)

# %% [markdown]
# ## Whose mailboxes
#
# Mailchimp names domains, and many are of companies: their name does not say who runs their mailboxes, their MX does.
# A fresh answer wins over the catalogue. Here the answers are given, as if DNS had been asked; `warmup traffic read
# --resolve` asks, and keeps what it hears. Say that the five largest unknown ones have their mail at Google or
# Microsoft:

# %%
rows = exports.counts[exports.counts["unknown"] & (exports.counts["domain"] != "")]
largest = rows.groupby("domain")["messages"].sum().nlargest(5)
answers = dict.fromkeys(largest.index[:3], ("aspmx.l.google.com",))
answers |= {name: (f"{name.replace('.', '-')}.mail.protection.outlook.com",) for name in largest.index[3:]}

resolved = overview(classified(read_scenario(scenario), mx=answers))
assert resolved.messages == facts.messages
assert resolved.unclassified < facts.unclassified
print(
    f"nobody knows whose mailboxes: {facts.unclassified:.2%} of the messages, "
    f"with these answers {resolved.unclassified:.2%}"
)
for name in ("google", "microsoft_365"):
    before, after = (one.providers["messages"].get(name, 0) for one in (facts, resolved))
    print(f"{catalogue().group_name(name):24} {after - before:+10,} messages")

# %% [markdown]
# ## Events: copies, damage, gaps
#
# Webhooks are events, one record for each thing that happened to a message. They are delivered at least once, and files
# get cut. Here are four weeks of SendGrid events with all of that: some lines twice, one damaged, and one day missing.

# %%
import json
from datetime import UTC, datetime, timedelta

first, lost_day, shares = datetime(2026, 10, 26, 9, tzinfo=UTC), 17, {"gmail.com": 5, "web.de": 3, "firm.example": 1}
lines = []
for day in range(28):
    for domain, share in shares.items():
        for n in range(share):
            at, key = first + timedelta(days=day, minutes=n), f"{day}-{domain}-{n}"
            message = {"email": f"reader{n}@{domain}", "sg_message_id": key, "category": "receipts"}
            for number, kind in enumerate(
                ["processed", "deferred", "delivered"] if n == 2 else ["processed", "delivered"]
            ):
                event = message | {
                    "event": kind,
                    "sg_event_id": f"{key}-{kind}",
                    "timestamp": int(at.timestamp()) + number,
                }
                lines += [json.dumps(event)] if day != lost_day else []

copies = lines[100:140]
damaged = 210
webhook = folder / "webhook.jsonl"
webhook.write_text("\n".join([*lines[:damaged], lines[damaged][:50], *lines[damaged + 1 :], *copies]), encoding="utf-8")
print(f"{len(lines)} events, {len(copies)} of them twice")

# %%
events = classified(read_exports([webhook], Context(ZoneInfo("UTC"))))
(one,) = events.platforms
assert one.result.copies == len(copies)
assert one.result.damage.places == [(str(webhook), damaged + 1)]
assert one.result.records == len(lines) - 1 + len(copies)

said = overview(events)
((_, line),) = one.result.damage.places
print(f"{one.result.copies} copies counted once, one damaged record in line {line}")
print(f"days without rows that should have some: {', '.join(f'{gap:%a %-d %b}' for gap in said.gaps['receipts'])}")

# %% [markdown]
# Every message counts once, the damaged line takes one event away and no more, and the missing day is a gap: unknown,
# not a day without mail. Had more than 1 % been damaged, nothing would have been read:

# %%
from warmup.errors import InputError

torn = folder / "torn.jsonl"
torn.write_text("\n".join(line[: 40 if n % 20 == 0 else None] for n, line in enumerate(lines)), encoding="utf-8")
try:
    read_exports([torn], Context(ZoneInfo("UTC")))
except InputError as error:
    print(str(error).replace(str(folder), "…"))

# %% [markdown]
# No address leaves the reading. The counts know domains, days and streams:

# %%
assert not events.counts.astype(str).apply(lambda column: column.str.contains("@|reader")).to_numpy().any()
events.counts[["date", "domain", "stream", "messages", "delivered", "deferred_msgs"]].head(3)

# %% [markdown]
# ## Who is engaged
#
# New IPs begin with those who react. A list with dates is counted by provider and tier. Machines (Apple Mail Privacy
# Protection, scanners) open too: those opens are no sign of life. Here is an invented list of 20,000 recipients.

# %%
import numpy as np
import pandas as pd

from warmup.traffic.recipients.counting import read_recipients
from warmup.traffic.recipients.rule import Rule

random = np.random.default_rng(20261123)
size = 20_000
ages = {
    "last_open_human": (0.45, 120),
    "last_open_any": (0.75, 60),
    "last_click": (0.2, 150),
    "last_purchase": (0.1, 200),
}
parts = {"gmail.com": 0.5, "web.de": 0.3, "yahoo.com": 0.1955, "club-001.example": 0.004, "firm-001.example": 0.0005}
domains = random.choice(list(parts), size, p=list(parts.values()))
people = pd.DataFrame({"domain": domains})
for column, (share, mean) in ages.items():
    days = pd.Timestamp(today) - pd.to_timedelta(random.exponential(mean, size).round(), unit="D")
    people[column] = pd.Series(days).dt.date.where(random.random(size) < share)
people.to_csv(folder / "people.csv", index=False)

tiers = read_recipients(folder / "people.csv", Rule(today))
assert tiers.recipients == size
tiers.engaged()

# %% [markdown]
# `with_opens` counts what people opened too, `without_opens` only clicks, purchases, logins and new sign-ups: there,
# whoever did no more than open stands among the machine opens. Those are a tier of their own, and never engaged:

# %%
from warmup.report import palette
from warmup.traffic.recipients.rule import TIER_COLUMNS

colors = (*palette.SERIES_COLORS, palette.LEGACY)
frames = {"with opens": tiers.with_opens, "without opens": tiers.without_opens}
figure, axes = plt.subplots(figsize=(9, 2.4))
left = np.zeros(2)
for n, tier in enumerate(tier for tier in TIER_COLUMNS if tier != "new_signup_30d"):
    values = np.array([frame[tier].sum() for frame in frames.values()], dtype=float)
    axes.barh(list(frames), values, left=left, color=colors[n], label=tier.replace("_", " "))
    left += values
axes.set_xlabel("recipients")
axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=4, frameon=False, fontsize=8)
assert (left == size).all()

# %% [markdown]
# A small domain can tell who somebody is. Unknown ones below 20 recipients are counted together as `other`:

# %%
small = people["domain"].value_counts()[["club-001.example", "firm-001.example"]]
assert small.iloc[0] >= 20 > small.iloc[1]
assert set(small.index) & set(tiers.counts["provider"]) == {"club-001.example"}
print(small.to_string())
tiers.counts.set_index("provider").drop(columns="stream")

# %% [markdown]
# Better still, the list stays with the customer. This SELECT runs in their warehouse and gives counts by domain, which
# `read_recipients` reads like a list. It needs the extra `ipwarmup[warehouse]`; on the command line:
# `warmup traffic sql --dialect snowflake`.

# %%
from warmup.traffic.recipients.warehouse import sql

query = sql("snowflake", Rule(today), table="crm.people")
print("\n".join(query.splitlines()[:16]), "\n…")

# %% [markdown]
# ## The supply
#
# What a plan takes: messages by day, stream, provider and tier, forecast from the exports. It is made by the plan
# itself; here it is beside the history it rests on. It begins on the first day of the migration, and Black Friday is in
# it because the scenario declares it.

# %%
from warmup.traffic.forecast import forecast

supply = forecast(scenario, today=today).supply
assert supply.history_last == facts.last
for stream, sentence in supply.cadence.items():
    print(f"{stream:12} {sentence}")

# %%
past = facts.daily.astype("Float64").sum(axis=1).astype(float).resample("W-SUN").sum()
ahead = pd.Series(supply.messages[0].sum(axis=(1, 2, 3)), index=pd.DatetimeIndex(supply.dates)).resample("W-SUN").sum()
figure, axes = plt.subplots(figsize=(9, 3))
axes.plot(past.index, past / 1e6, color=palette.LEGACY, label="exports")
axes.plot(ahead.index[1:-1], ahead.iloc[1:-1] / 1e6, color=palette.DEDICATED, label="supply")
axes.set_ylim(0)
axes.set_ylabel("million messages a week")
axes.legend(frameon=False)

# %% [markdown]
# The next step is the plan: `warmup.plan(scenario)`, in the notebook `01-plan-a-migration`. The table of counts can be
# kept for it, too; domains of companies are not in it:

# %%
from warmup.traffic.export_table import save

rows = save(exports, folder / "traffic.csv")
assert "firm-001.example" not in (folder / "traffic.csv").read_text(encoding="utf-8")
print(f'{rows:,} rows in traffic.csv; in a scenario: history = "traffic.csv"')
