#!/usr/bin/python3
"""The other side of feed_first and feed_again: a feed into the events' table as a Frappe developer
would write it in an afternoon, with the libraries of Debian. Raw SQL, so without the ORM's
validation, hooks and versions, which cost more.

usage: peer_feed.py SOCKET DATABASE INTEGRATION URL FROM TO      times: 2026-03-02T08:00:00Z

Parses the whole feed, expands what overlaps [FROM, TO), looks each occurrence up by its id, inserts
or updates it, and commits every 100.
"""
import json
import sys
import urllib.request
from datetime import date, datetime, timedelta, timezone

import pymysql
from dateutil.rrule import rrulestr
from icalendar import Calendar

USER = "Administrator"
FIELDS = ("event_title", "event_type", "sync_status", "start_datetime", "end_datetime", "description", "location",
          "attendees_json", "organizer_email", "is_blocking_availability", "last_synced", "external_last_modified")


def parse_time(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def to_utc(value):
    """A date or time of the feed as naive UTC, as the table holds it."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        return value
    return value.astimezone(timezone.utc).replace(tzinfo=None)


def localize(naive, zone):
    """A wall time of the zone; pytz, which icalendar gives, wants to be asked for its offset."""
    if zone is None:
        return naive
    return zone.localize(naive) if hasattr(zone, "localize") else naive.replace(tzinfo=zone)


def excluded(event):
    found = event.get("EXDATE")
    if found is None:
        return set()
    lists = found if isinstance(found, list) else [found]
    return {to_utc(d.dt) for one in lists for d in one.dts}


def occurrences(event, start_of_window, end_of_window):
    """(recurrence id or None, start, end) in naive UTC, of what overlaps the window."""
    start = event["DTSTART"].dt
    end = event["DTEND"].dt if "DTEND" in event else start + timedelta(hours=1)
    length = end - start
    if "RRULE" not in event:
        if to_utc(start) < end_of_window and to_utc(end) > start_of_window:
            yield None, to_utc(start), to_utc(end)
        return
    is_day = not isinstance(start, datetime)
    zone = None if is_day else start.tzinfo
    naive = datetime(start.year, start.month, start.day) if is_day else start.replace(tzinfo=None)
    rule = rrulestr(event["RRULE"].to_ical().decode(), dtstart=naive, ignoretz=True)
    out = excluded(event)
    margin = length + timedelta(days=1)
    for wall in rule.between(start_of_window - margin, end_of_window + margin, inc=True):
        at = to_utc(localize(wall, zone))
        if at not in out and at < end_of_window and at + length > start_of_window:
            yield at.strftime("%Y%m%d" if is_day else "%Y%m%dT%H%M%SZ"), at, at + length


def address(value):
    text = str(value)
    return text[7:] if text.lower().startswith("mailto:") else text


RESPONSES = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative", "NEEDS-ACTION": "needsAction"}


def attendees(event):
    found = event.get("ATTENDEE")
    if found is None:
        return None
    people = []
    for one in found if isinstance(found, list) else [found]:
        person = {"email": address(one), "response_status": RESPONSES.get(one.params.get("PARTSTAT"), "needsAction")}
        if "CN" in one.params:
            person["display_name"] = str(one.params["CN"])
        people.append(person)
    return json.dumps(people, ensure_ascii=False, separators=(",", ":"))


def text_of(event, name):
    return str(event[name]) if name in event else None


def rows_of(calendar, start_of_window, end_of_window, now):
    for event in calendar.walk("VEVENT"):
        if str(event.get("STATUS", "")) == "CANCELLED":
            continue
        is_day = not isinstance(event["DTSTART"].dt, datetime)
        modified = event["LAST-MODIFIED"].dt if "LAST-MODIFIED" in event else None
        common = (
            text_of(event, "DESCRIPTION"), text_of(event, "LOCATION"), attendees(event),
            address(event["ORGANIZER"]) if "ORGANIZER" in event else None,
            0 if str(event.get("TRANSP", "OPAQUE")) == "TRANSPARENT" else 1, now,
            to_utc(modified) if modified else None)
        uid = str(event["UID"])
        title = text_of(event, "SUMMARY") or "No Title"
        kind = "All-Day Event" if is_day else "External Event"
        for instance, start, end in occurrences(event, start_of_window, end_of_window):
            if is_day:
                end -= timedelta(seconds=1)
            yield uid if instance is None else f"{uid}/{instance}", (title, kind, "Synced", start, end) + common


def take_names(cursor, n):
    cursor.execute("UPDATE tabSeries SET current = LAST_INSERT_ID(current + %s) WHERE name = ''", (n,))
    cursor.execute("SELECT LAST_INSERT_ID()")
    return cursor.fetchone()[0] - n + 1


def main():
    socket, database, integration, url, window_from, window_to = sys.argv[1:]
    now = datetime.utcnow()
    with urllib.request.urlopen(url) as answer:
        calendar = Calendar.from_ical(answer.read())
    rows = list(rows_of(calendar, parse_time(window_from), parse_time(window_to), now))
    db = pymysql.connect(unix_socket=socket, user="root", database=database, charset="utf8mb4")
    cursor = db.cursor()
    number = take_names(cursor, len(rows))
    db.commit()
    select = "SELECT name FROM `tabMM Calendar Event Sync` WHERE calendar_integration = %s AND external_event_id = %s"
    insert = ("INSERT INTO `tabMM Calendar Event Sync` (name, creation, modified, modified_by, owner, docstatus, idx,"
              " calendar_integration, external_event_id, sync_direction, " + ", ".join(FIELDS) + ")"
              " VALUES (%s, %s, %s, %s, %s, 0, 0, %s, %s, 'Inbound', " + ", ".join(["%s"] * len(FIELDS)) + ")")
    update = ("UPDATE `tabMM Calendar Event Sync` SET modified = %s, modified_by = %s, " +
              ", ".join(f + " = %s" for f in FIELDS) + " WHERE name = %s")
    for done, (external_id, values) in enumerate(rows, 1):
        cursor.execute(select, (integration, external_id))
        found = cursor.fetchone()
        if found:
            cursor.execute(update, (now, USER) + values + (found[0],))
        else:
            name = f"MM-CES-{integration}-{number:04d}"
            number += 1
            cursor.execute(insert, (name, now, now, USER, USER, integration, external_id) + values)
        if done % 100 == 0:
            db.commit()
    db.commit()
    db.close()


if __name__ == "__main__":
    main()
