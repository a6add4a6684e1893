-- What version 0002 had beside the rows of 0001.
INSERT INTO seek (id, kind, class_id, text, item_keys, annotator_id, created_at, withdraws_id) VALUES
  (1, 'words', 1, 'bright rings', '[]', 1, '2026-02-02 03:04:05.000000', NULL),
  (2, 'example', NULL, '', '["a", "ü"]', 2, '2026-02-02 03:04:06.000000', NULL),
  (3, 'withdrawal', 1, '', '[]', 1, '2026-02-02 03:04:07.000000', 1);
