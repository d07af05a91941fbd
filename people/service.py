"""Persons and their phones: one-time links, sign-in, sessions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.actors import Actor
from hub.clock import Clock
from hub.database import Database
from hub.errors import Expired, NotFound
from hub.events import Events
from hub.ids import new_id
from people.codes import Code, find_hash, hash_of, new_code, new_token
from people.models import Person, Session, SessionEnded, persons, sessions, sign_in_codes
from people.permissions import Role
from people.phones import phone_words
from people.tries import WrongTries

log = structlog.get_logger(__name__)

SESSION_DAYS: Final = 400  # the longest that browsers keep a cookie
_FIRST_NAMES: Final = {Role.HEAD: "Trưởng thôn", Role.RESIDENT: "Người dân"}
_USE_NOTED_EVERY: Final = timedelta(hours=1)
_USES_WRITTEN_EVERY_S: Final = 60.0
_KEPT: Final = timedelta(days=30)


class People:
    """All signed-in phones, kept in memory: a request asks for its session without SQL."""

    def __init__(self, database: Database, clock: Clock, events: Events) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._sessions: dict[str, Session] = {}  # by the hash of the token
        self._used: dict[str, Session] = {}  # by id: whose last use is not written yet
        self._has_head = False
        self._wrong = WrongTries(clock)

    async def open(self) -> None:
        """Forget what is long over, and read the persons and sessions."""
        await self._prune()
        async with self._database.reading() as connection:
            head = await connection.execute(
                select(persons.c.id).where(persons.c.role == Role.HEAD).limit(1)
            )
            self._has_head = head.first() is not None
            rows = await connection.execute(
                select(sessions, persons.c.name, persons.c.role)
                .join(persons, persons.c.id == sessions.c.person_id)
                .where(sessions.c.revoked_at.is_(None))
            )
            self._sessions = {row["token_hash"]: _session(row) for row in rows.mappings()}

    async def run(self) -> None:
        """Write once a minute which sessions were used."""
        while True:
            await self._clock.sleep(_USES_WRITTEN_EVERY_S)
            try:
                await self.write_uses()
            except SQLAlchemyError:
                # A full disk must not end the hub for the sake of a date: the next minute retries.
                log.exception("the last uses of sessions are not written")

    def has_head(self) -> bool:
        """Whether the village head has ever signed in."""
        return self._has_head

    async def make_code(self, role: Role, by: Actor, valid_s: float | None = None) -> Code:
        """A code for a one-time link: valid for a day for a head, three for a resident."""
        code, statement = new_code(role, by.id, self._clock.now(), valid_s)
        await self._database.commit(statement)
        log.info("sign-in link made", role=role.value, by=by.id)
        return code

    async def sign_in(self, secret: str, phone: str, address: str = "") -> tuple[str, Session]:
        """Use a code up and sign this phone in; gives the token for its cookie.

        The code makes a new person unless it names one; a head's code signs in the one head.
        `phone` is what its browser says of itself (User-Agent): a few words of it are kept.
        `address` is its network address. Raises Expired, with the same words for every code that
        cannot be used, and Busy after too many wrong tries.
        """
        self._wrong.check(address)
        code_hash = find_hash(secret)
        # Looked up before any transaction, so that wrong tries never hold up a writer.
        if code_hash is None or not await self._is_open(code_hash):
            raise self._refused(address)
        token = new_token()
        async with self._database.transaction() as connection:
            session = await self._exchange(connection, code_hash, token, phone)
        if session is None:
            raise self._refused(address)
        self._sessions[hash_of(token)] = session
        self._has_head = self._has_head or session.person.role is Role.HEAD
        log.info("signed in", person=session.person.id, role=session.person.role.value)
        return token, session

    async def find_session(self, token: str) -> Session | None:
        """The session of this token, which lasts 400 days from its last use."""
        token_hash = find_hash(token)
        session = None if token_hash is None else self._sessions.get(token_hash)
        if token_hash is None or session is None:
            return None
        now = self._clock.now()
        if session.expires_at <= now:
            # Stays in memory and in the table: a clock that ran ahead signs nobody out for good.
            return None
        if now - session.last_used_at >= _USE_NOTED_EVERY:
            session = replace(session, last_used_at=now, expires_at=_end_of_session(now))
            self._sessions[token_hash] = self._used[session.id] = session
        return session

    async def write_uses(self) -> None:
        """Write the last uses that are only in memory yet, in one commit."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await self._database.commit(
                *(
                    update(sessions)
                    .where(sessions.c.id == session.id)
                    .values(last_used_at=session.last_used_at, expires_at=session.expires_at)
                    for session in used.values()
                )
            )
        except SQLAlchemyError:
            self._used = used | self._used
            raise

    async def sign_out(self, token: str) -> None:
        """End the session of this phone; nothing happens when there is none."""
        token_hash = find_hash(token)
        session = None if token_hash is None else self._sessions.get(token_hash)
        if session is not None:
            await self.revoke(session.id)

    async def revoke(self, session_id: str) -> None:
        """End a session, also from another phone. Raises NotFound."""
        token_hash = next((h for h, s in self._sessions.items() if s.id == session_id), None)
        if token_hash is None:
            raise NotFound("This phone is not signed in: look at the list again")
        await self._database.commit(
            update(sessions).where(sessions.c.id == session_id).values(revoked_at=self._clock.now())
        )
        if self._sessions.pop(token_hash, None) is not None:
            self._used.pop(session_id, None)
            self._events.publish(SessionEnded(session_id))

    def _refused(self, address: str) -> Expired:
        self._wrong.add(address)
        log.warning("sign-in refused", address=address)
        # One wording for unknown, used and expired: an answer tells nothing about a code.
        return Expired("This link was used already or is too old: ask for a new one")

    async def _is_open(self, code_hash: str) -> bool:
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(sign_in_codes.c.id).where(
                    sign_in_codes.c.hash == code_hash,
                    sign_in_codes.c.used_at.is_(None),
                    sign_in_codes.c.expires_at > self._clock.now(),
                )
            )
            return found.first() is not None

    async def _exchange(
        self, connection: AsyncConnection, code_hash: str, token: str, phone: str
    ) -> Session | None:
        """Trade the code for a session; None when another phone was faster."""
        now = self._clock.now()
        won = await connection.execute(
            update(sign_in_codes)
            .where(
                sign_in_codes.c.hash == code_hash,
                sign_in_codes.c.used_at.is_(None),
                sign_in_codes.c.expires_at > now,
            )
            .values(used_at=now)
        )
        if won.rowcount != 1:
            return None
        found = await connection.execute(
            select(sign_in_codes.c.role, sign_in_codes.c.person_id).where(
                sign_in_codes.c.hash == code_hash
            )
        )
        role, person_id = found.one()
        person = await _person_for(connection, Role(role), person_id, now)
        session = Session(new_id(), person, phone_words(phone), now, now, _end_of_session(now))
        await connection.execute(insert(sessions).values(_row(session, token)))
        return session

    async def _prune(self) -> None:
        """Remove codes and ended sessions after a month, unused ones after twice their life."""
        now = self._clock.now()
        month_ago = now - _KEPT
        await self._database.commit(
            delete(sign_in_codes).where(sign_in_codes.c.expires_at < month_ago),
            delete(sessions).where(sessions.c.revoked_at < month_ago),
            delete(sessions).where(sessions.c.expires_at < now - timedelta(days=SESSION_DAYS)),
        )


async def _person_for(
    connection: AsyncConnection, role: Role, person_id: str | None, now: datetime
) -> Person:
    """The person whom a code names, the one head, or a new resident."""
    known = select(persons).where(
        persons.c.id == person_id if person_id is not None else persons.c.role == Role.HEAD
    )
    if person_id is not None or role is Role.HEAD:
        row = (await connection.execute(known.limit(1))).mappings().first()
        if row is not None:
            return Person(row["id"], row["name"], Role(row["role"]))
    person = Person(new_id(), _FIRST_NAMES[role], role)
    await connection.execute(
        insert(persons).values(id=person.id, name=person.name, role=role, created_at=now)
    )
    return person


def _session(row: RowMapping) -> Session:
    return Session(
        id=row["id"],
        person=Person(row["person_id"], row["name"], Role(row["role"])),
        phone=row["phone"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
    )


def _row(session: Session, token: str) -> Mapping[str, Any]:
    return {
        "id": session.id,
        "token_hash": hash_of(token),
        "person_id": session.person.id,
        "phone": session.phone,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
    }


def _end_of_session(now: datetime) -> datetime:
    return now + timedelta(days=SESSION_DAYS)
