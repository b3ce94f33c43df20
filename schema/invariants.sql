-- What must always hold: each query returns no row on a database that mmsync works on. A statement
-- ends with a semicolon at the end of a line; the comment before it says what a row would mean.

-- Two live rows of one integration with the same exact id.
SELECT calendar_integration, external_event_id, COUNT(*) FROM `tabMM Calendar Event Sync` GROUP BY calendar_integration, external_event_id COLLATE utf8mb4_nopad_bin HAVING COUNT(*) > 1;

-- An event row that does not end after it starts: Frappe could not save it.
SELECT name FROM `tabMM Calendar Event Sync` WHERE end_datetime <= start_datetime OR start_datetime IS NULL OR end_datetime IS NULL;

-- An event under a provisional id, that its service has named.
SELECT external_id FROM mmsync_event_state WHERE status = 3 AND external_id LIKE 'mmsync:%' UNION ALL SELECT external_event_id FROM `tabMM Calendar Event Sync` WHERE external_event_id LIKE 'mmsync:%';

-- A state whose row is gone.
SELECT s.integration_id, s.external_id FROM mmsync_event_state s LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name WHERE s.row_name IS NOT NULL AND s.status <> 5 AND e.name IS NULL;

-- Two states that claim the same row.
SELECT row_name FROM mmsync_event_state WHERE row_name IS NOT NULL GROUP BY row_name HAVING COUNT(*) > 1;

-- A state, outbox entry, dead letter, block or something due of an integration that has no cursor.
SELECT integration_id FROM mmsync_event_state WHERE integration_id NOT IN (SELECT id FROM mmsync_cursor) UNION SELECT integration_id FROM mmsync_outbox WHERE integration_id NOT IN (SELECT id FROM mmsync_cursor) UNION SELECT integration_id FROM mmsync_dead_letter WHERE integration_id <> 0 AND integration_id NOT IN (SELECT id FROM mmsync_cursor) UNION SELECT integration_id FROM mmsync_busy_block WHERE integration_id NOT IN (SELECT id FROM mmsync_cursor) UNION SELECT integration_id FROM mmsync_block_due WHERE integration_id NOT IN (SELECT id FROM mmsync_cursor);

-- A state whose key is not that of its id.
SELECT integration_id, external_id FROM mmsync_event_state WHERE ext_key <> LEFT(UNHEX(SHA2(external_id, 256)), 16) AND ext_key <> LEFT(UNHEX(SHA2(CONCAT('sha256:', LOWER(SHA2(external_id, 256))), 256)), 16);

-- A name in the event table that the counter has not given yet: the next one would collide.
SELECT e.name FROM `tabMM Calendar Event Sync` e WHERE e.name REGEXP '^MM-CES-.*-[0-9]{4,10}$' AND CAST(SUBSTRING_INDEX(e.name, '-', -1) AS UNSIGNED) > COALESCE((SELECT current FROM tabSeries WHERE name = ''), 0);

-- A block that nobody's event is the source of and that stays, or whose source is a block.
SELECT b.integration_id, t.external_id FROM mmsync_busy_block b JOIN mmsync_event_state t ON t.uuid = b.uuid LEFT JOIN mmsync_event_state s ON s.uuid = b.source_uuid WHERE s.type = 3 OR (t.status <> 5 AND t.removed_by <> 1 AND (t.source_uuid IS NULL OR s.uuid IS NULL));

-- A live block of which is not known what it should say.
SELECT s.integration_id, s.external_id FROM mmsync_event_state s LEFT JOIN mmsync_busy_block b ON b.uuid = s.uuid AND b.integration_id = s.integration_id WHERE s.type = 3 AND s.status <> 5 AND b.uuid IS NULL;

-- What a block should say, of which no state says whether it is there.
SELECT LOWER(HEX(b.uuid)) FROM mmsync_busy_block b LEFT JOIN mmsync_event_state s ON s.uuid = b.uuid AND s.type = 3 WHERE s.uuid IS NULL;

-- Two live blocks of one event in one calendar, and nothing is due that would remove one.
SELECT b.integration_id, LOWER(HEX(b.source_uuid)) FROM mmsync_busy_block b JOIN mmsync_event_state t ON t.uuid = b.uuid LEFT JOIN mmsync_event_state s ON s.uuid = b.source_uuid LEFT JOIN mmsync_block_due d ON d.integration_id = s.integration_id AND d.ext_key = s.ext_key WHERE t.status <> 5 AND t.removed_by <> 1 AND d.ext_key IS NULL GROUP BY b.integration_id, b.source_uuid HAVING COUNT(*) > 1;

-- A block with a row: Frappe shall not see it twice.
SELECT integration_id, external_id FROM mmsync_event_state WHERE type = 3 AND row_name IS NOT NULL UNION ALL SELECT s.integration_id, e.name FROM mmsync_event_state s JOIN mmsync_cursor c ON c.id = s.integration_id JOIN `tabMM Calendar Event Sync` e ON e.calendar_integration = c.name COLLATE utf8mb4_unicode_ci AND e.external_event_id = s.external_id WHERE s.type = 3 AND s.status <> 5 AND e.sync_status IN ('Synced', 'Pending Sync', 'Sync Failed');

-- A block that would end before it starts.
SELECT LOWER(HEX(uuid)) FROM mmsync_busy_block WHERE end_ms <= start_ms;

-- Two events that are the same meeting one way alone.
SELECT LOWER(HEX(a.uuid)) FROM mmsync_same_meeting a LEFT JOIN mmsync_same_meeting b ON b.uuid = a.twin AND b.twin = a.uuid WHERE b.uuid IS NULL;

-- More than one installation, or none that is number 1.
SELECT COUNT(*) FROM mmsync_installation HAVING COUNT(*) <> 1 OR MIN(id) <> 1;

-- A lease without an owner that is not over, or an owner without a lease.
SELECT name FROM mmsync_cursor WHERE lease_owner IS NULL AND lease_until > UTC_TIMESTAMP(6) + INTERVAL 120 SECOND;

-- Two live events of one booking in one calendar.
SELECT integration_id, booking FROM mmsync_event_state WHERE type = 2 AND status <> 5 AND booking IS NOT NULL GROUP BY integration_id, booking HAVING COUNT(*) > 1;

-- An event that was announced and that nothing in the outbox will settle.
SELECT s.integration_id, s.external_id FROM mmsync_event_state s LEFT JOIN mmsync_outbox o ON o.uuid = s.uuid WHERE s.status = 1 AND o.uuid IS NULL;

-- Something in the outbox for an event that no state knows, or in another calendar than its state's.
SELECT o.id FROM mmsync_outbox o LEFT JOIN mmsync_event_state s ON s.uuid = o.uuid AND s.integration_id = o.integration_id WHERE s.uuid IS NULL;

-- A booking's event that was settled, and of which is not known what it said.
SELECT integration_id, external_id FROM mmsync_event_state WHERE type = 2 AND status = 3 AND (external_version IS NULL OR base_content IS NULL OR booking IS NULL);

-- A base for three-way merges that is no JSON.
SELECT integration_id, external_id FROM mmsync_event_state WHERE base_content IS NOT NULL AND NOT JSON_VALID(base_content);

-- A settled event of a booking that is there without a row that names the booking.
SELECT s.integration_id, s.external_id FROM mmsync_event_state s JOIN `tabMM Meeting Booking` b ON b.name = s.booking LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name AND e.meeting_booking = s.booking WHERE s.type = 2 AND s.status = 3 AND e.name IS NULL;

-- A live row of a booking's event that is gone from the calendar.
SELECT e.name FROM `tabMM Calendar Event Sync` e JOIN mmsync_event_state s ON s.row_name = e.name WHERE s.type = 2 AND s.status = 5 AND e.sync_status IN ('Synced', 'Pending Sync', 'Sync Failed');

-- A live row that we made for a booking, and that no state of an own event claims.
SELECT e.name FROM `tabMM Calendar Event Sync` e LEFT JOIN mmsync_event_state s ON s.row_name = e.name AND s.type = 2 WHERE e.event_type = 'Meeting Booking' AND e.name REGEXP '^MM-CES-.*-[0-9]{4,10}$' AND e.sync_status IN ('Synced', 'Pending Sync', 'Sync Failed') AND e.calendar_integration IN (SELECT name FROM mmsync_cursor) AND s.uuid IS NULL;

-- A booking whose calendar_event is no row.
SELECT b.name FROM `tabMM Meeting Booking` b LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = b.calendar_event WHERE b.calendar_event <> '' AND e.name IS NULL;

-- An event of ours that is gone, and of which is not known who removed it.
SELECT integration_id, external_id FROM mmsync_event_state WHERE type IN (2, 3) AND status = 5 AND removed_by = 0;

-- A live busy block of an event that is gone, which nobody is about to remove.
SELECT b.integration_id, b.uuid FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid = b.uuid JOIN mmsync_event_state f ON f.uuid = b.source_uuid WHERE s.status IN (2, 3) AND s.removed_by = 0 AND f.status = 5 AND s.uuid NOT IN (SELECT uuid FROM mmsync_outbox) AND NOT EXISTS (SELECT 1 FROM mmsync_block_due d WHERE d.integration_id = f.integration_id AND d.ext_key = f.ext_key);

-- A busy block that is to be removed or to say something else, and nothing in the outbox does it.
SELECT b.integration_id, b.uuid FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid = b.uuid WHERE s.status IN (2, 3) AND b.quarantined = 0 AND (s.removed_by = 1 OR b.sent_print IS NULL OR b.sent_print <> b.print) AND s.uuid NOT IN (SELECT uuid FROM mmsync_outbox) AND s.ext_key NOT IN (SELECT ext_key FROM mmsync_dead_letter);
