-- What all turns of an integration came to: counters that never fall, whatever cleanup removes of mmsync_run.

ALTER TABLE mmsync_cursor
  ADD COLUMN IF NOT EXISTS last_seen_ms bigint(20) DEFAULT NULL COMMENT 'Last good listing that showed an event, Unix ms; before last_full_ms: the calendar has become empty' AFTER last_full_ms,
  ADD COLUMN IF NOT EXISTS runs_good bigint(20) NOT NULL DEFAULT 0 COMMENT 'Turns that ended well, ever',
  ADD COLUMN IF NOT EXISTS runs_bad bigint(20) NOT NULL DEFAULT 0 COMMENT 'Turns that failed, ever',
  ADD COLUMN IF NOT EXISTS run_ms bigint(20) NOT NULL DEFAULT 0 COMMENT 'Time that both took, ms',
  ADD COLUMN IF NOT EXISTS requests bigint(20) NOT NULL DEFAULT 0 COMMENT 'Requests they sent to the service',
  ADD COLUMN IF NOT EXISTS retries bigint(20) NOT NULL DEFAULT 0 COMMENT 'Requests they sent again',
  ADD COLUMN IF NOT EXISTS events_created bigint(20) NOT NULL DEFAULT 0 COMMENT 'Rows they made',
  ADD COLUMN IF NOT EXISTS events_updated bigint(20) NOT NULL DEFAULT 0 COMMENT 'Rows they changed',
  ADD COLUMN IF NOT EXISTS events_deleted bigint(20) NOT NULL DEFAULT 0 COMMENT 'Rows they softly deleted',
  ADD COLUMN IF NOT EXISTS events_failed bigint(20) NOT NULL DEFAULT 0 COMMENT 'Events they could not store, again in each turn';
