-- Rows as goldpan of version 0001 stored them. Times are UTC; {true}, {false} and {bytes:HEX} are written as the database has them.
INSERT INTO annotator (id, name) VALUES (1, 'ann'), (2, 'Åsa O''Neil');
INSERT INTO label_class (id, name, position, key, colour, parent_id, description, target, archived) VALUES
  (1, 'star', 0, '1', '#aa3300', NULL, 'shines', 0.25, {false}), (2, 'dwarf', 1, NULL, NULL, 1, '', NULL, {true});
INSERT INTO project (id, uuid, name, pool_hash, seed, created_at) VALUES
  (1, '00000000-0000-0000-0000-000000000007', 'stars', 'abc', 7, '2026-01-02 03:04:05.000006');
INSERT INTO round (number, state, revision, seed, stage, progress, labels_used, started_at, finished_at, error, metrics, hashes, owner, heartbeat_at) VALUES
  (1, 'done', 0, 11, 'done', 1.0, 0, '2026-01-02 03:04:05.000000', '2026-01-02 03:04:06.500000', '', '{"quality": null, "loss": 0.125}', '{"pool": "abc"}', 'box:1', '2026-01-02 03:04:06.000000'),
  (2, 'failed', 3, 4294967295, 'training', 0.5, 0, '2026-01-02 03:05:00.000000', '2026-01-02 03:05:01.000000', 'out of memory', '{}', '{}', 'box:1', '2026-01-02 03:05:00.000000');
INSERT INTO annotation (id, uid, item_key, act, class_id, annotator_id, created_at, undoes_id, comment, round_number, strategy, kind, suggested_class_id, shown_ms) VALUES
  (1, 'uid-00000001', 'a', 'label', 1, 1, '2026-01-02 03:04:10.123456', NULL, '', 1, 'margin', 'refine', 2, 1200),
  (2, 'uid-00000002', 'b', 'flag', NULL, 2, '2026-01-02 03:04:11.000000', NULL, 'strange: 🌟', NULL, '', '', NULL, NULL),
  (3, 'uid-00000003', 'a', 'undo', NULL, 1, '2026-01-02 03:04:12.000000', 1, '', NULL, '', '', NULL, NULL),
  (7, 'uid-00000007', 'a', 'label', 2, 2, '2026-01-02 03:04:13.000000', NULL, '', 1, '', '', NULL, NULL);
INSERT INTO lease (id, item_key, annotator_id, expires_at) VALUES (3, 'c', 1, '2026-01-02 04:00:00.000000');
INSERT INTO proposal (id, item_key, round_number, rank, score, kind, reason, strategy, class_id, probability, runner_up_class_id, runner_up_probability) VALUES
  (1, 'a', 1, 0, 0.1, 'refine', 'on the boundary', 'margin', 1, 0.5, 2, 0.25), (2, 'c', 1, 1, -3.5, 'discover', 'far from all labels', 'margin', NULL, NULL, NULL, NULL);
