"""What a plan looks like: HTML report, slides, sheets and calendars made from a :class:`warmup.planner.plan.Plan`."""
