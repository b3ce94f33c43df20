-- Who holds a slot of a mailbox says by which connection: when that is gone, so is the holder.

ALTER TABLE mmsync_slot
  ADD COLUMN IF NOT EXISTS holder_server varchar(200) DEFAULT NULL COMMENT 'Server on which the connection of its leases lives; NULL: not known' AFTER holder,
  ADD COLUMN IF NOT EXISTS holder_connection bigint(20) unsigned DEFAULT NULL COMMENT 'Id of that connection: when it is gone, so is the holder' AFTER holder_server;
