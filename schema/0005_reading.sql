-- What stored rows were made under: another time zone or rule makes other rows of the same events.

ALTER TABLE mmsync_cursor
  ADD COLUMN IF NOT EXISTS read_print binary(16) DEFAULT NULL COMMENT 'Digest of the zones, rules and column widths that its rows were made under: with others everything is read again' AFTER window_end_ms;
