-- Bookings are compared with a calendar that was read in full, whichever run comes to it.

ALTER TABLE mmsync_cursor
  ADD COLUMN IF NOT EXISTS bookings_full_ms bigint(20) DEFAULT NULL COMMENT 'The last_full_ms after which all bookings were compared with this calendar; another than last_full_ms: that is still to be done' AFTER last_full_ms;
