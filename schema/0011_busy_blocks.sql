-- Busy blocks: what one person's calendars say of each other.

ALTER TABLE mmsync_cursor
  ADD COLUMN IF NOT EXISTS blocks_print binary(16) DEFAULT NULL COMMENT 'Digest of the calendars and settings that its person''s busy blocks were planned under; NULL: there are none' AFTER read_print,
  ADD COLUMN IF NOT EXISTS blocks_no bigint(20) NOT NULL DEFAULT 0 COMMENT 'Plans of its person''s busy blocks that were committed (on the person''s first cursor): who plans at the same time begins again' AFTER blocks_print;

ALTER TABLE mmsync_event_state
  ADD COLUMN IF NOT EXISTS flags tinyint(4) NOT NULL DEFAULT 0 COMMENT 'Bits of a user event: 1 no blocks are made from it (another installation, or an older generation, made it), 2 its details are private' AFTER type,
  ADD COLUMN IF NOT EXISTS tagged tinyint(4) NOT NULL DEFAULT 0 COMMENT '1: a user event that was tagged as ours to know, or whose tag the service refused' AFTER flags;

CREATE TABLE IF NOT EXISTS mmsync_busy_block (
  uuid binary(16) NOT NULL COMMENT 'Correlation UUID of the block: mmsync_event_state.uuid, which says whether it is there',
  integration_id bigint(20) unsigned NOT NULL COMMENT 'The calendar that it is in: mmsync_cursor.id',
  source_uuid binary(16) NOT NULL COMMENT 'Correlation UUID of the event that it comes from',
  source_id bigint(20) unsigned NOT NULL COMMENT 'The calendar of that: mmsync_cursor.id',
  start_ms bigint(20) NOT NULL COMMENT 'What it should say, as last planned: start, Unix ms',
  end_ms bigint(20) NOT NULL COMMENT 'End, exclusive',
  title varchar(140) NOT NULL COMMENT 'Title',
  print binary(16) NOT NULL COMMENT 'Digest of these three',
  sent_print binary(16) DEFAULT NULL COMMENT 'That digest as it was last sent; NULL: nothing was yet',
  outside_print binary(16) DEFAULT NULL COMMENT 'Digest of what the service showed of it last',
  put_backs tinyint(4) NOT NULL DEFAULT 0 COMMENT 'How often it was put back after a person moved it, since its source changed',
  rounds int(11) NOT NULL DEFAULT 0 COMMENT 'Runs that changed it, since rounds_ms',
  rounds_ms bigint(20) NOT NULL DEFAULT 0 COMMENT 'When the first of these was, Unix ms',
  quarantined tinyint(4) NOT NULL DEFAULT 0 COMMENT '1: rewritten again and again, left alone until it is released',
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'Order of arrival: of several at the same instant the later one',
  planned_run binary(16) NOT NULL COMMENT 'Run that first planned it; all zero: not counted as a round of its time slot any more',
  planned_ms bigint(20) NOT NULL COMMENT 'When that was, Unix ms',
  calendar_id varchar(512) COLLATE utf8mb4_nopad_bin DEFAULT NULL COMMENT 'calendar_id of its integration when it was made',
  provider varchar(16) DEFAULT NULL COMMENT 'And the service',
  uid_key binary(16) DEFAULT NULL COMMENT 'First 16 bytes of the SHA-256 of its iCalUID, letters as capitals: what has that elsewhere is its copy; NULL: not told yet',
  PRIMARY KEY (uuid),
  UNIQUE KEY id (id),
  KEY source_uuid (source_uuid),
  KEY integration_id_start_ms (integration_id, start_ms),
  KEY source_id (source_id),
  KEY uid_key (uid_key)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='What each busy block should say, and how it fares';

CREATE TABLE IF NOT EXISTS mmsync_block_due (
  integration_id bigint(20) unsigned NOT NULL COMMENT 'The event''s calendar: mmsync_cursor.id',
  ext_key binary(16) NOT NULL COMMENT 'Which event: mmsync_event_state.ext_key',
  version bigint(20) NOT NULL DEFAULT 1 COMMENT 'From 1, one more each time it is asked for anew: what was planned for an older one does not remove it',
  PRIMARY KEY (integration_id, ext_key)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Events that changed since their busy blocks were planned; written with the change';

CREATE TABLE IF NOT EXISTS mmsync_same_meeting (
  uuid binary(16) NOT NULL COMMENT 'Correlation UUID of an event',
  twin binary(16) NOT NULL COMMENT 'And of another of the same person that was the same meeting when their blocks were planned; both ways',
  PRIMARY KEY (uuid, twin)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Events whose blocks depend on each other';
