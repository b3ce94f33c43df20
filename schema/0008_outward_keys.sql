-- What the outward side needs to know: our role in a calendar, how far bookings were looked at, whose an outbox entry is.

ALTER TABLE mmsync_cursor
  ADD COLUMN IF NOT EXISTS role tinyint(4) NOT NULL DEFAULT 0 COMMENT 'What we may do there: 0 unknown, 1 none, 2 free/busy, 3 reader, 4 writer, 5 owner' AFTER provider;

ALTER TABLE mmsync_installation
  ADD COLUMN IF NOT EXISTS bookings_seen datetime(6) DEFAULT NULL COMMENT 'Bookings modified up to here were looked at, site time; NULL: look at all';

ALTER TABLE mmsync_event_state
  ADD COLUMN IF NOT EXISTS removed_by tinyint(4) NOT NULL DEFAULT 0 COMMENT '1 we removed it, or are about to; 2 a person removed it outside; 0: not known' AFTER status;

ALTER TABLE mmsync_event_state
  ADD COLUMN IF NOT EXISTS booking_modified datetime(6) DEFAULT NULL COMMENT 'modified of the booking when this event was last planned from it, site time' AFTER booking_creation;

ALTER TABLE mmsync_outbox
  ADD COLUMN IF NOT EXISTS version bigint(20) NOT NULL DEFAULT 0 COMMENT 'One more each time it is asked for anew: what was done for an older one does not remove it' AFTER operation;
