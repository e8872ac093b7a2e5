# SPDX-License-Identifier: GPL-2.0-only
"""For gdb.sh: steps through switches of gdb_sample, each instruction, and looks at the
frames: they always lead to gvtgo_entry, by way of the one goroutine that runs."""

import gdb

WHOSE = {"sample_main", "step_b", "step_c"}


def frames():
    frame, names = gdb.newest_frame(), []
    while frame is not None:
        # Of functions that are in line, gdb knows more than the unwinder has to.
        if frame.type() != gdb.INLINE_FRAME:
            names.append(frame.name() or "?")
        reason, frame = frame.unwind_stop_reason(), frame.older()
    return names, reason


def main():
    order, steps, in_switch = [], 0, 0
    gdb.execute("set pagination off")
    gdb.execute("tbreak step_a")
    gdb.execute("run steps")
    gdb.execute("set scheduler-locking step")
    done = int(gdb.parse_and_eval("(long)&steps_done"))
    while int(gdb.newest_frame().pc()) != done:
        gdb.execute("stepi", to_string=True)
        names, reason = frames()
        steps += 1
        in_switch += "gvtgo_switch" in names[0]
        where = f"step {steps}, {gdb.newest_frame().pc():#x}: {names}"
        if names[-1] != "gvtgo_entry" or reason != gdb.FRAME_UNWIND_OUTERMOST:
            print(f"BAD no proper end ({gdb.frame_stop_reason_string(reason)}): {where}")
            return
        whose = [name for name in names if name in WHOSE]
        # A stack on which nothing has been called yet.
        if not whose and not names[0].startswith("gvtgo_") and "gvtgo_main" not in names:
            print(f"BAD nobody's: {where}")
            return
        if len(whose) > 1:
            print(f"BAD two at once: {where}")
            return
        if whose and whose != order[-1:]:
            order += whose
        if steps > 20000:
            print(f"BAD no end: {where}")
            return
    print(f"STEPS {steps} IN_SWITCH {in_switch} ORDER {' '.join(order)}")


try:
    main()
except gdb.error as error:
    print(f"BAD {error}")
