/**
 * The shapes that the hub's API answers with. Datetimes are ISO 8601 texts with an offset.
 *
 * @typedef {'head' | 'resident'} Role
 * @typedef {'on' | 'off'} Turn
 * @typedef {'online' | 'offline' | 'unknown'} Availability
 *
 * @typedef {object} Village
 * @property {string} name
 * @property {number} latitude
 * @property {number} longitude
 * @property {string} [timezone]
 * @property {string | null} [head_phone]
 *
 * @typedef {object} Session
 * @property {{ id: string, name: string, role?: Role }} person
 * @property {Role} role
 * @property {Village} village
 * @property {boolean} secure
 *
 * @typedef {object} Zone
 * @property {string} id
 * @property {string} name
 * @property {string | null} [parent]
 *
 * @typedef {object} DeviceState What the box itself reported, and when.
 * @property {boolean | null} on
 * @property {number | null} [level] percent
 * @property {string | null} reported_at
 * @property {boolean} stale
 * @property {'command' | 'local' | 'boot' | null} [source]
 * @property {number} [watts]
 * @property {number} [stations]
 * @property {number} [volume] percent
 * @property {boolean} [internet]
 * @property {string} [name]
 *
 * @typedef {object} Target What the village wants of the box.
 * @property {boolean | null} on
 * @property {number | null} [level]
 * @property {string | null} [source]
 * @property {string | null} [by]
 * @property {string | null} [reason]
 * @property {string | null} [until]
 * @property {string | null} [since]
 *
 * @typedef {object} Device
 * @property {string} id
 * @property {string} name
 * @property {'light' | 'loudspeaker' | 'access_point'} kind
 * @property {string | null} zone
 * @property {string} driver
 * @property {string} address
 * @property {Availability} availability
 * @property {DeviceState} state
 * @property {Target | null} target
 * @property {boolean} [open] a command waits for its answer
 *
 * @typedef {object} Found
 * @property {string} id
 * @property {string} driver
 * @property {string} address
 * @property {'light' | 'loudspeaker' | 'access_point'} kind
 * @property {string | null} [name]
 * @property {string | null} [model]
 * @property {string | null} [heard_at]
 *
 * @typedef {object} Delivery
 * @property {string} device
 * @property {string} name
 * @property {'queued' | 'playing' | 'played' | 'failed' | 'stopped' | 'unanswered'} state
 * @property {string | null} [reason]
 * @property {string | null} [at]
 *
 * @typedef {object} Announcement
 * @property {string} id
 * @property {string} text
 * @property {string | null} [spoken]
 * @property {string} [class]
 * @property {number} [repeat]
 * @property {string[]} [zones]
 * @property {string | null} [by]
 * @property {string} created_at
 * @property {'preparing' | 'queued' | 'playing' | 'done' | 'stopped' | 'failed' | 'missed'} state
 * @property {number | null} [seconds]
 * @property {string | null} [audio]
 * @property {string | null} [reason] why it was missed
 * @property {Delivery[]} [deliveries]
 *
 * @typedef {object} Camera
 * @property {string} id
 * @property {string} name
 * @property {string | null} [zone]
 * @property {Availability} availability
 * @property {string | null} [frame_at]
 * @property {string | null} [says]
 * @property {string} snapshot
 * @property {string} stream
 *
 * @typedef {{ type: 'weekly', days: number[], time: string }} WeeklyTrigger 1 is Monday
 * @typedef {{ type: 'sun', event: 'sunset' | 'sunrise', offset_minutes: number, days?: number[] | null }} SunTrigger
 * @typedef {WeeklyTrigger | SunTrigger} Trigger
 * @typedef {{ type: 'light', zones: string[], turn: Turn, level?: number | null }} LightAction
 * @typedef {{ type: 'announcement', zones: string[], text: string, class: string, repeat: number }} AnnouncementAction
 * @typedef {{ type: 'wifi', devices: string[], turn: Turn }} WifiAction
 * @typedef {LightAction | AnnouncementAction | WifiAction} Action
 *
 * @typedef {object} Schedule
 * @property {string} id
 * @property {string} name
 * @property {Trigger} trigger
 * @property {Action} action
 * @property {boolean} enabled
 * @property {string | null} [next_at]
 * @property {{ due_at: string, outcome: string, reason?: string | null } | null} [last_run]
 *
 * @typedef {object} Snapshot
 * @property {Device[]} [devices]
 * @property {Zone[]} [zones]
 * @property {Camera[]} [cameras]
 * @property {Announcement[]} [announcements]
 * @property {Schedule[]} [schedules]
 * @property {Found[]} [found]
 * @property {{ connected: boolean }} [broker]
 * @property {string} now
 *
 * @typedef {'waiting' | 'unconfirmed' | 'unknown' | 'lit' | 'dark'} LampState
 *
 * @typedef {object} Outcome A sentence about what has just happened, and the way back if there is one.
 * @property {string} text
 * @property {'news' | 'good' | 'bad'} tone
 * @property {(() => void) | null} undo
 *
 * @typedef {object} Draft An announcement that is being written.
 * @property {string} text
 * @property {string} template
 * @property {Record<string, string>} blanks
 * @property {string[]} zones
 * @property {boolean} whole the whole village rather than the chosen zones
 * @property {number} repeat
 * @property {string} spoken
 *
 * @typedef {object} Route
 * @property {string} name
 * @property {string} id
 *
 * @typedef {Record<string, string | number>} Words
 */

export {};
