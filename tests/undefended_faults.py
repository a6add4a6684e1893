"""What is cut out to see that the tests of faults can fail; docs/faults.md has the promises."""

from __future__ import annotations

from tests.undefended_cuts import away, cut, never

KILLED = "SIGKILL of server, worker, database"
DISK = "disk full, read-only, locked, slow"
NETWORK = "network cut, proxy restart, laptop asleep"
ROUNDS = "round crashes, hangs, out of memory, diverges, loses its device"
CLOCKS = "clock jumps, skewed clocks"
SCHEMAS = "database of an earlier or newer schema"
CROWD = "50 people at once"
ORDER = "any order of acts (state machine)"
FAULT_ROWS = (KILLED, DISK, NETWORK, ROUNDS, CLOCKS, SCHEMAS, CROWD, ORDER)

OUTBOX = "app/components/label_card_outbox.js"
BATCH = "app/write_batch.py"
EASING = "app/easing.py"
SUPERVISOR = "app/supervisor.py"
QUEUE = "labeling/queue.py"
CARD_TESTS = "app/components/test_label_card_outbox.py::"
MACHINE = "labeling/test_state_machine.py::test_database__agrees_with_a_plain_model"
EASED = "faults/test_rounds.py::test_run_now__fails_until_it_is_easy_enough"
CUT_AND_BACK = "faults/test_network.py::test_network__"

NOT_LATE = cut(
    BATCH,
    "        if not entry.future.set_running_or_notify_cancel():",
    "        if entry.future.done() or not entry.future.set_running_or_notify_cancel():",
)
"""The commit's answer comes second, where the removal has answered before."""
RUN = "                attempt(session, now, entry)\n            return self._counts.preview(session)"
ANSWERED = (
    "                attempt(session, now, entry)\n            counts = self._counts.preview(session)\n"
    "            _answer(group, counts=counts)\n            {then}\n            return counts"
)
SWALLOWED = cut(
    "app/api.py",
    '            self.set_status(503)\n            self.finish({"error": str(problem), "retry": True})\n'
    "        except AccessError",
    '            self.finish({"stored": [{}] * 50, "counts": {}, "revision": 0})\n        except AccessError',
)
"""An outage is answered as if all had been stored."""
NO_RETRY = cut(OUTBOX, "if (!done && !this.closed) await this._recover(failures)", "if (!done) break")

FAULTS = (
    away(
        "commit-before-answer", KILLED, "an annotation is answered after its commit",
        cut(BATCH, RUN, ANSWERED.format(then="pass")), NOT_LATE,
        tests="app/test_write_batch.py::test_submit__nothing_is_answered_where_the_commit_fails",
    ),
    away(
        "commit-before-answer-killed", KILLED,
        "the same; without it and with a slow disk, seen by the kills themselves",
        cut(BATCH, RUN, ANSWERED.format(then="__import__('time').sleep(0.5)")), NOT_LATE,
        tests="faults/test_kills.py::test_kill__again_and_again_amid_labelling[2-1]",
    ),
    away(
        "outbox-until-acknowledged", KILLED, "what waits leaves the browser's storage once it is acknowledged",
        cut(OUTBOX, "    const {path, body} = this._request(entries)\n",
            "    const {path, body} = this._request(entries)\n    entries.forEach((entry) => this._forget(entry))\n"),
        tests=CARD_TESTS + "test_outbox__a_lost_server_is_named_within_a_second_and_nothing_is_lost",
    ),
    away(
        "outbox-on-disk", KILLED, "what waits is in the browser's storage before it is sent",
        cut(OUTBOX, "      localStorage.setItem(entry.place, JSON.stringify(body))\n", "      void entry\n"),
        tests=CARD_TESTS + "test_outbox__is_replayed_once_after_a_reload",
    ),
    away(
        "uid-stored-once", KILLED, "a uid is stored once (three defences: a look, the insert, the table's constraint)",
        cut("labeling/annotations.py",
            "    if found.id is not None:\n        return _stored(found, new=new, annotator_id=annotator_id)\n    ch",
            "    ch"),
        cut("labeling/statements.py",
            "        .on_conflict_do_nothing(index_elements=[_ANNOTATIONS.c.uid])\n"),
        cut("labeling/migrations/versions/0001_first_tables.py",
            '        sa.UniqueConstraint("uid", name=op.f("uq_annotation_uid")),\n'),
        tests="labeling/test_annotations.py::test_record__same_uid_twice_stores_once",
    ),
    away(
        "same-uid-again", KILLED, "a second try has the uid of the first",
        cut(OUTBOX, "    return {path, body}\n", "    return {path, body: {...body, uid: makeUid()}}\n"),
        tests=CARD_TESTS + "test_outbox__a_busy_server_is_tried_again",
    ),
    away(
        "synchronous-full", KILLED, "SQLite waits for the disk (a SIGKILL cannot show it; the setting is looked at)",
        cut("labeling/database.py", "PRAGMA synchronous=FULL", "PRAGMA synchronous=OFF"),
        tests="labeling/test_database.py::test_open_database__sqlite_is_durable",
    ),
    away(
        "worker-ends-with-server", KILLED, "the worker ends when its server is gone",
        cut("app/worker.py", "    while os.getppid() == parent_pid:", "    while True:"),
        tests="faults/test_kills.py::test_worker__ends_with_a_killed_server",
    ),
    away(
        "worker-renewed", KILLED, "a killed worker is started again",
        cut(SUPERVISOR, "        if isinstance(problem, BrokenProcessPool):\n            self._renew_worker()\n",
            "        if isinstance(problem, BrokenProcessPool):\n"),
        tests="app/test_supervisor.py::test_look__worker_is_warm_again_after_a_crash",
    ),
    away(
        "orphaned-round", KILLED, "the round of a killed server is given up",
        cut("app/rounds_plan.py",
            "    if newest is not None and owner_is_gone(newest.owner, own=own):",
            "    if False and newest is not None:"),
        tests="app/test_run_now.py::test_run_now__after_a_server_that_was_killed_in_a_round",
    ),
    away(
        "postgres-gone", KILLED,
        "a lost connection is an outage that passes (two defences: its state, a broken connection)",
        cut("labeling/outages.py", '    "57P": "the server is shutting down or starting",\n'),
        cut("labeling/outages.py", "    if error.connection_invalidated or (", "    if False and ("),
        tests="labeling/test_database.py::test_transaction__connection_lost",
    ),
    away(
        "postgres-back", KILLED, "a connection is tried before it is used",
        cut("labeling/database.py", "            pool_pre_ping=True,\n"),
        tests="labeling/test_database.py::test_transaction__connection_broken_before_it_is_used",
    ),
    away(
        "outage-not-swallowed-full", DISK, "a full disk is answered with 503",
        SWALLOWED,
        tests="faults/test_disk.py::test_full_disk__labels_wait_and_are_stored_when_they_can_be",
    ),
    away(
        "outage-not-swallowed-locked", DISK, "a locked database is answered with 503",
        SWALLOWED,
        tests="faults/test_disk.py::test_locked_database__label_waits_and_is_stored_when_it_can_be",
    ),
    away(
        "outage-not-swallowed-read-only", DISK, "a read-only file is answered with 503",
        SWALLOWED,
        tests="faults/test_disk.py::test_read_only__label_waits_and_is_stored_when_it_can_be",
    ),
    away(
        "full-is-an-outage", DISK, "SQLite's error of a full disk is known as one that passes",
        cut("labeling/outages.py", '    sqlite3.SQLITE_FULL: "the disk is full; free some space",\n'),
        tests="labeling/test_database.py::test_transaction__full_disk",
    ),
    away(
        "read-only-is-an-outage", DISK, "SQLite's error of a read-only file is known as one that passes",
        cut("labeling/outages.py",
            '    sqlite3.SQLITE_READONLY: "it is read-only; make the file and its folder writable",\n'),
        tests=("labeling/test_database.py::test_transaction__file_read_only",
               "labeling/test_database.py::test_transaction__opened_read_only_by_url"),
    ),
    away(
        "locked-is-an-outage", DISK, "SQLite's error of a lock is known as one that passes",
        cut("labeling/outages.py",
            '    sqlite3.SQLITE_BUSY: "it is locked by another process; waiting for it took too long",\n'),
        tests="labeling/test_database.py::test_transaction__takes_the_write_lock_at_once",
    ),
    away(
        "busy-is-tried-again", DISK, "the card keeps what a busy server did not take",
        cut(OUTBOX, "const REFUSED = new Set([400, 413, 422])", "const REFUSED = new Set([400, 413, 422, 503])"),
        tests=CARD_TESTS + "test_outbox__a_busy_server_is_tried_again",
    ),
    away(
        "saved-once-acknowledged", DISK, "Saved is shown once the server has acknowledged",
        cut(OUTBOX, "    this.entries.push(entry)\n",
            "    this.entries.push(entry)\n    this.on.acknowledged(entry, {})\n"),
        tests="faults/test_disk.py::test_slow_disk__not_shown_as_saved_before_it_is", slow=True,
    ),
    away(
        "one-line-says-why", DISK, "one line on the card says that something waits, and why",
        cut("app/components/label_card_notices.js", "  if (late) {\n", "  if (false) {\n"),
        tests=CARD_TESTS + "test_outbox__a_busy_server_is_tried_again",
    ),
    away(
        "retry", NETWORK, "what could not be sent is sent again",
        NO_RETRY, tests=CUT_AND_BACK + "cut_and_back[1.0]",
    ),
    away(
        "retry-proxy", NETWORK, "the same, where a proxy is started anew",
        NO_RETRY, tests=CUT_AND_BACK + "proxy_started_anew_again_and_again", slow=True,
    ),
    away(
        "retry-ten-minutes", NETWORK, "the same, after ten minutes",
        NO_RETRY, tests=CUT_AND_BACK + "cut_for_ten_minutes", slow=True,
    ),
    away(
        "retry-asleep", NETWORK, "the same, where the laptop sleeps while the server is started anew",
        NO_RETRY, tests=CUT_AND_BACK + "laptop_sleeps_while_the_server_starts_anew", slow=True,
    ),
    away(
        "in-order", NETWORK, "what waits is sent from the first to the last",
        cut(OUTBOX, "    const chosen = [this.entries[0]]\n",
            "    return [this.entries[this.entries.length - 1]]\n    const chosen = [this.entries[0]]\n"),
        tests=(CUT_AND_BACK + "cut_and_back[1.0]",
               CARD_TESTS + "test_outbox__a_lost_server_is_named_within_a_second_and_nothing_is_lost"),
    ),
    away(
        "health-before-sending", NETWORK, "a lost server is asked for its health before labels are sent to it again",
        cut(OUTBOX, "    while (this.down && !this.closed) {", "    while (false) {"),
        tests=CARD_TESTS + "test_outbox__sends_nothing_until_the_server_is_healthy",
    ),
    away(
        "own-project", NETWORK, "labels wait for their own project (two defences: the card's look, the server's 409)",
        cut(OUTBOX, "if (answer && answer.project === this.project) this.down = false",
            "if (answer) this.down = false"),
        cut(OUTBOX, '"X-Goldpan-Project": encodeURIComponent(this.project)', '"X-Goldpan-Project": "another"'),
        tests=CARD_TESTS + "test_outbox__belongs_to_its_project",
    ),
    away(
        "eased", ROUNDS, "the round after a failed one is made easier",
        cut(EASING, "easing_of(last).harder_by(Cause(cause) if cause in list(Cause) else Cause.OTHER)",
            "easing_of(last)"),
        tests=(EASED + "[device]", EASED + "[memory]", EASED + "[diverged]"),
    ),
    away(
        "device-lost", ROUNDS, "a lost device is known (two defences: the error's name, its text)",
        cut("app/round_failure.py", '_DEVICE_NAMES = ("AcceleratorError",)', "_DEVICE_NAMES = ()"),
        cut("app/round_failure.py", '    "cuda error",\n'),
        tests=EASED + "[device]",
    ),
    away(
        "out-of-memory", ROUNDS, "a lack of memory is known by torch's words",
        cut("app/round_failure.py",
            "    return isinstance(error, RuntimeError) and any(part in text for part in _MEMORY_TEXTS)",
            "    return False"),
        tests=EASED + "[memory]",
    ),
    away(
        "not-a-number", ROUNDS, "a loss that is not a number ends the training",
        never("models/training.py", "not bool(torch.isfinite(loss).all())"),
        tests=EASED + "[diverged]",
    ),
    away(
        "hanging-round", ROUNDS, "a round that takes too long is stopped",
        never(SUPERVISOR, "moment - running.began_s > self.project.config.rounds.timeout_s"),
        tests="app/test_supervisor.py::test_look__a_round_that_hangs_is_stopped",
    ),
    away(
        "cause-on-record", ROUNDS, "the cause of a failure is in the log, so that the next round is eased by it",
        cut(SUPERVISOR, ', metrics={"cause": cause}\n', "\n"),
        tests="app/test_supervisor.py::test_look__a_killed_worker_is_noticed_and_replaced",
    ),
    away(
        "notice-with-cause", ROUNDS, "the page says why a round failed",
        cut("app/round_failure.py", 'f"{WORDS[cause]} ({first})" if cause in WORDS else said', '"it failed"'),
        tests=EASED + "[memory]",
    ),
    away(
        "supervisor-goes-on", ROUNDS, "a mistake while rounds are looked after does not end it",
        cut(SUPERVISOR, "            except Exception:\n", "            except KeyError:\n"),
        tests="app/test_supervisor.py::test_loop__stumbles_and_goes_on",
    ),
    away(
        "pause-after-failure", ROUNDS, "failing rounds do not follow each other without a pause",
        cut(SUPERVISOR, "        if self._failures == 0:\n", "        if True:\n"),
        tests="app/test_supervisor.py::test_look__a_failing_round_does_not_run_in_a_loop",
    ),
    away(
        "last-model-stays", ROUNDS, "a round's folder takes its name once it is whole",
        cut("app/round_files.py", '    partial = target.with_name(f".{target.name}.{os.getpid()}")\n',
            "    partial = target\n"),
        cut("app/round_files.py", "    shutil.rmtree(target, ignore_errors=True)\n    partial.rename(target)\n"),
        tests="app/test_round_files.py::test_write_round__that_breaks_leaves_the_last_one",
    ),
    away(
        "order-by-number", CLOCKS, "annotations are read in the order of their numbers",
        cut("labeling/annotations.py",
            "AnnotationTable.id > revision).order_by(AnnotationTable.id)",
            "AnnotationTable.id > revision).order_by(AnnotationTable.created_at)"),
        tests="faults/test_clock.py::test_clock__order_and_latest_label_are_by_number",
    ),
    away(
        "latest-by-number", CLOCKS, "the latest label is the one with the highest number",
        cut("labeling/current.py", "order_by=[adjudicated_first, AnnotationTable.id.desc()]",
            "order_by=[adjudicated_first, AnnotationTable.created_at.desc()]"),
        tests="faults/test_clock.py::test_clock__order_and_latest_label_are_by_number",
    ),
    away(
        "one-clock", CLOCKS, "servers of one PostgreSQL go by its clock",
        cut("labeling/clock.py", '    if session.get_bind().dialect.name == "sqlite":', "    if True:"),
        tests="labeling/test_clock.py::test_database_now__a_server_whose_clock_is_wrong",
    ),
    away(
        "lease-after-clock-set-back", CLOCKS, "no lease lasts longer than one made now",
        never(QUEUE, "any(row[3] > until for row in rows)"),
        tests="labeling/test_queue.py::test_lease_next__clock_set_back_holds_no_item_for_longer",
    ),
    away(
        "living-round", CLOCKS, "a round that tells of itself is not given up where the clock jumps",
        cut("app/round_watch.py", "        if watched_s > STALE_S or (told_s > STALE_S and watched_s > GRACE_S):",
            "        if told_s > STALE_S:"),
        tests="app/test_round_watch.py::test_given_up__clock_that_jumps_harms_no_living_round",
    ),
    away(
        "pace", CLOCKS, "the pace leaves out steps back",
        cut("app/progress.py", "        if not 0 <= gap_s <= PAUSE_S:", "        if gap_s > PAUSE_S:"),
        tests="faults/test_clock.py::test_clock__pace_is_never_negative",
    ),
    away(
        "round-seconds", CLOCKS, "no round takes less than no time",
        cut("labeling/round_log.py", "max((row.finished_at - row.started_at).total_seconds(), 0.0)",
            "(row.finished_at - row.started_at).total_seconds()"),
        tests="faults/test_clock.py::test_clock__jumps_during_a_round",
    ),
    away(
        "newer-schema", SCHEMAS, "a newer goldpan's database is refused",
        cut("labeling/migrations/__init__.py",
            "    if revision not in {script.revision for script in scripts.walk_revisions()}:",
            "    if revision not in {revision, *scripts.walk_revisions()}:"),
        tests="labeling/test_database.py::test_open_database__newer_version",
    ),
    away(
        "older-schema", SCHEMAS, "an earlier database is upgraded",
        cut("labeling/database.py", "        if upgrade:\n", "        if upgrade and database.version() is None:\n"),
        tests="labeling/test_versions.py::test_open_database__upgrades_an_earlier_version_row_by_row",
    ),
    away(
        "rows-kept", SCHEMAS, "an upgrade keeps every row",
        cut("labeling/migrations/versions/0005_overlap.py", '    op.create_table(\n        "gold",',
            '    op.execute("DELETE FROM lease")\n    op.create_table(\n        "gold",'),
        tests="labeling/test_versions.py::test_open_database__upgrades_an_earlier_version_row_by_row",
    ),
    away(
        "one-commit-for-many", CROWD, "annotations that wait share a commit",
        cut(BATCH, "GROUP_MAX = 64", "GROUP_MAX = 1"),
        tests="app/test_write_batch.py::test_submit__all_that_wait_go_into_one_commit",
    ),
    away(
        "write-lock-at-once", CROWD, "a write transaction takes the lock at its begin",
        cut("labeling/database.py", '"BEGIN" if reading else "BEGIN IMMEDIATE"', '"BEGIN"'),
        tests="labeling/test_database.py::test_transaction__sqlite_begins_immediate",
    ),
    away(
        "state-label", ORDER, "an item's label is the latest vote of each person",
        cut("labeling/current.py", "        order_by=AnnotationTable.id.desc(),\n    )",
            "        order_by=AnnotationTable.id,\n    )"),
        tests=MACHINE,
    ),
    away(
        "state-undo", ORDER, "only its own annotator undoes an annotation",
        cut("labeling/annotations.py", "own annotator can undo it\": owner != annotator_id",
            "own annotator can undo it\": False"),
        tests=MACHINE,
    ),
    away(
        "state-skip", ORDER, "an item that was skipped is not open",
        cut("labeling/current.py", 'AnnotationTable.item_key == item_key, AnnotationTable.act != "undo", ~undone',
            'AnnotationTable.item_key == item_key, AnnotationTable.act == "label", ~undone'),
        tests=MACHINE,
    ),
    away(
        "state-lease", ORDER, "what another person holds is not handed out",
        never(QUEUE, "annotator_id != desk.annotator_id"),
        tests=MACHINE,
    ),
    away(
        "state-export", ORDER, "what was undone stays undone in another project",
        cut("labeling/restoring.py", "    undoes = values.pop(\"undoes_uid\")\n",
            "    values.pop(\"undoes_uid\")\n    undoes = None\n"),
        tests=MACHINE,
    ),
    away(
        "state-round", ORDER, "the newest round is the newest that is done",
        cut("labeling/round_log.py", 'def latest_round(session: Session, *, state: str | None = "done")',
            "def latest_round(session: Session, *, state: str | None = None)"),
        tests=MACHINE,
    ),
)  # fmt: skip
