-- What version 0003 had beside the rows of 0002.
INSERT INTO selection (id, name, how, item_count, item_keys, annotator_id, created_at) VALUES
  (4, 'odd ones', 'drawn on the map', 2, {bytes:789c4b64480200018800c4}, 1, '2026-03-02 03:04:05.000000');
