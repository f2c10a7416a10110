"""Series that are watched: rows and jobs around the pure detector of `cases.detection`.

`intake.figures` stores what comes; `watching` feeds it to the detector once a minute and on
arrival; `telling` takes what it finds through the door of alerts; people switch series on
(`switching`, after a `backtest`) and say what an anomaly was (`answers`).
"""
