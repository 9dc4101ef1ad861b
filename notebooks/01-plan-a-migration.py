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

# %% [markdown]
# # Plan a migration
#
# A customer moves from an old platform to dedicated IPs on a new one. New IPs have no reputation, so the volume has
# to ramp up, mailbox provider by mailbox provider, while the rest keeps flowing through the old platform. This
# notebook goes from the customer's exports to a plan you can defend: what it says, why a number is what it is, and
# what would change it.
#
# The customer is an example. For your own, point `folder` at the folder with your `scenario.toml` and leave `today`
# out.

# %%
from datetime import date
from pathlib import Path
from tempfile import mkdtemp

import warmup
from warmup.demo import write_demo

folder = Path(mkdtemp(prefix="warmup-demo-"))
today = date(2026, 11, 23)  # a fixed day, so that the numbers in the text below stay true
written = write_demo(folder, today=today)
sorted({"/".join(path.relative_to(folder).parts[:2]) for path in written})

# %% [markdown]
# What SparkPost and Mailchimp export, as they export it, and counts of the list. `README.txt` says what is invented
# and what is published. The scenario is the page that you write; everything else comes from the customer.

# %%
print((folder / "scenario.toml").read_text(encoding="utf-8")[:2800])

# %%
scenario = warmup.load_scenario(folder / "scenario.toml")
{stream.name: (scenario.pool_of(stream).name, stream.kind) for stream in scenario.streams}

# %% [markdown]
# ## The plan
#
# One call. It reads the exports, forecasts what will be sent, and walks through the days. Then it repeats that for
# resampled weeks of the customer's history, for other numbers of IPs, other starts and other settings: that is where
# the time goes.

# %%
plan = warmup.plan(scenario, today=today)

# %% [markdown]
# ## The answer
#
# Three sentences: when, with how many IPs, and what holds it up. These are the ones that head the report.

# %%
from warmup.report.opening import sentences

for sentence in sentences(plan):
    print(f"- {sentence}")

# %% [markdown]
# What must be known before anybody uses it, the worst first. A blocker or an error would mean: not like this.

# %%
for finding in plan.findings:
    print(f"{finding.severity:8} {finding.text}")
    if finding.remedy:
        print(f"{'':8} → {finding.remedy}")

# %% [markdown]
# And the picture: what goes where. `plan.days` has one row per day and always adds up to the supply.

# %%
import matplotlib.pyplot as plt

weekly = plan.days.set_index("date")[["dedicated", "overflow", "legacy", "unplaced"]].resample("W-SUN").sum()
figure, axes = plt.subplots(figsize=(9, 3.5))
axes.stackplot(weekly.index, weekly.to_numpy().T / 1e6, labels=list(weekly.columns), step="post")
for day, name in [(plan.engaged.day, "≤ 90 days"), (plan.all.day, "complete"), (scenario.legacy.until, "legacy ends")]:
    if day:
        axes.axvline(day, color="black", linewidth=0.8)
        axes.annotate(name, (day, axes.get_ylim()[1]), rotation=90, ha="right", va="top", fontsize=8)
axes.set_ylabel("million messages a week")
axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False)
figure.tight_layout()

# %% [markdown]
# ## Check it with a pocket calculator
#
# A customer will ask why Gmail gets 220 messages on the first day and not 5,000. Here is why. The standard policy
# follows SparkPost's published ladder: 200, 500, 1,000, 2,000, 5,000 … messages a day and IP. It is split by
# provider:

# %%
pool, provider = "marketing", "google"
use = next(use for use in plan.ladders if (use.pool, use.provider) == (pool, provider))
print(f"{plan.providers[provider]}: {use.share:.2%} of the pool's largest day, {use.ips} IPs, ladder: {use.name}")
print(f"first cap: 200 × {use.share:.4f} × {use.ips} = {200 * use.share * use.ips:.1f}, rounded up: {use.first_cap}")

# %% [markdown]
# From then on every cap follows from the row before it: `base` is the most that was accepted lately, `cap` the next
# level of the ladder above it, `limit` what sets it.

# %%
caps = plan.caps.query("pool == @pool and provider == @provider and sent > 0")
caps[["date", "base", "cap", "sent", "limit"]].head(14)

# %%
from warmup.ramps import ramp

levels = ramp("sparkpost-2020").table()
unit = use.share * use.ips
for row in caps.head(5).itertuples():
    level = row.base / unit
    following = next(value for value in levels if value > level * 1.01)
    print(f"{row.date:%a %-d %b}: base {row.base:6,.0f} stands at {level:6,.0f}, the next level is {following:6,}")
    print(f"            {following:,} × {unit:.4f} is the cap, {row.cap:,}")

# %% [markdown]
# Yahoo is slower: it takes about 100 messages an hour from an IP it does not know, whatever a ladder says. Look for
# `ceiling` in the last column, and for the growth of a half a sending day after the first seven.

# %%
yahoo = plan.caps.query("pool == @pool and provider == 'yahoo' and sent > 0")
yahoo[["date", "base", "cap", "sent", "limit"]].iloc[4:14]

# %% [markdown]
# ## The day sheet
#
# What the customer does on one day. A recipient of a row gets the mail from the new platform if the hash of their id,
# modulo 10,000, falls below the threshold; everybody else as before from the old one. Thresholds grow, so who moved
# stays moved.

# %%
sheet = plan.sheet[(plan.sheet["date"] == "2027-06-10") & (plan.sheet["dedicated"] > 0)]
assert not sheet.empty
sheet[["stream", "provider", "tier", "supply", "dedicated", "threshold", "limit"]].reset_index(drop=True)

# %% [markdown]
# ## What would change it
#
# The plan has tried one change at a time already: one IP more or fewer, a start a week later, another policy. A minus
# is sooner. What is struck must not be done; it is listed because somebody will ask.

# %%
for lever in sorted(plan.levers, key=lambda lever: (lever.all_delta is None, lever.all_delta or 0)):
    change = "not complete" if lever.all_delta is None else f"{lever.all_delta:+d} days"
    struck = "struck: " if lever.struck else ""
    print(f"{change:>12}  {lever.legacy_delta:+11,} via legacy  {struck}{lever.text}")

# %% [markdown]
# A fourth marketing IP does not bring the date forward here: T-Online decides it, which opens two weeks after the
# start. It does take mail off the old platform sooner. How many IPs make sense is a question of its own:

# %%
for row in plan.sizing[1].rows:
    done = row.all or "never"
    print(f"{row.ips} IPs: complete {done!s:10}, {row.peak_load:7,} per IP on the largest day: {row.verdict}")

# %% [markdown]
# Your own question is a changed scenario. It cannot be changed in place; `model_copy` makes another. What if the
# customer insists on SendGrid's published ramp instead of SparkPost's?

# %%
policy = scenario.policy.model_copy(update={"ramp": "sendgrid-auto-hourly", "horizon_days": 120})
other = warmup.plan(scenario.model_copy(update={"policy": policy}), today=today)
for one in (plan, other):
    print(f"{one.policy:22} ≤ 90 days {one.engaged.day}, all {one.all.day}, exit code {one.exit_code}")

# %% [markdown]
# ## Hand it over
#
# The same files as `warmup plan scenario.toml -o plan` writes: the report for the customer, the workbook, the
# calendar, the table of every message, and `plan.json`, which loads again as the same plan.

# %%
from warmup.report.bundle import write_bundle

bundle = write_bundle(plan, folder / "plan", kinds=["report", "xlsx", "csv", "ics", "json"])
again = warmup.Plan.load(folder / "plan" / "plan.json")
assert again.all == plan.all
print(f"{bundle.folder}: {', '.join(bundle.files)}")
