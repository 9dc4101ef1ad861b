"""What a plan looks like: the HTML report, slides, sheets and calendars made from a :class:`warmup.planner.plan.Plan`."""
