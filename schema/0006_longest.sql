-- Which events are longer than the others: asking who is free looks no further back than it must.

ALTER TABLE mmsync_cursor
  ADD COLUMN IF NOT EXISTS longest_apart mediumtext DEFAULT NULL COMMENT 'The few events that are longer than longest_event_ms, JSON: [[start, end, external id], ...], wall time, us since 1970' AFTER longest_event_ms,
  ADD COLUMN IF NOT EXISTS longest_stamp datetime(6) DEFAULT NULL COMMENT 'modified of the rows that mmsync itself wrote in its last large turn, site time: they are within the bound' AFTER longest_watermark;
