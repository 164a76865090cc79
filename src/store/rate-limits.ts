import { sql } from 'kysely'
import type { Db } from '../config/database.ts'

/** A bucket that holds `burst` tokens at most and gets `perSecond` new ones. */
export interface Bucket {
  burst: number
  perSecond: number
}

/** Granted, or how long to wait before asking again. */
export type Turn =
  | { granted: true }
  | {
      granted: false
      waitMs: number
      /** Why the platform cools down; null when it is only not our turn. */
      coolingCode: string | null
    }

export interface CoolDown {
  platform: string
  until: Date
  /** What it answered. */
  code: string
  /** Cool-downs in a row, without a success between them. */
  strikes: number
}

/** No cool-down is longer; one that seems to be was written before the clock was set back. */
export const LONGEST_COOL_DOWN_MS = 3_600_000
/** As for cool-downs: a lease that seems longer is none. */
const LONGEST_LEASE_MS = 120_000

/**
 * Takes `cost` tokens of a platform's bucket, or tells how long they will take. One statement on the
 * database's own clock; a clock that was set back or forward fills the bucket once and blocks nobody.
 */
export async function takeTurn(
  db: Db,
  platform: string,
  bucket: Bucket,
  cost: number,
): Promise<Turn> {
  for (;;) {
    const row = (await takeStatement(platform, bucket, cost).execute(db)).rows[0]
    if (!row) {
      await sql`
        insert into rate_limits (platform, tokens) values (${platform}, ${bucket.burst})
        on conflict do nothing`.execute(db)
      continue
    }
    if (row.granted) return { granted: true }
    if (row.cooling_seconds > 0) {
      return { granted: false, waitMs: row.cooling_seconds * 1000, coolingCode: row.code }
    }
    return { granted: false, waitMs: (row.missing / bucket.perSecond) * 1000, coolingCode: null }
  }
}

/** The update decides on the newest row; the select after it only estimates the wait. */
function takeStatement(platform: string, { burst, perSecond }: Bucket, cost: number) {
  const filled = sql`least(${burst}::float8, tokens + ${perSecond}::float8 *
    abs(extract(epoch from clock_timestamp() - refilled_at))::float8)`
  const cooling = sql`coalesce(cooldown_until > clock_timestamp() and
    cooldown_until <= clock_timestamp() + ${`${LONGEST_COOL_DOWN_MS} ms`}::interval, false)`
  return sql<{ granted: boolean; cooling_seconds: number; code: string | null; missing: number }>`
    with taken as (
      update rate_limits
      set tokens = ${filled} - ${cost}::float8, refilled_at = clock_timestamp()
      where platform = ${platform} and ${filled} >= ${cost}::float8 and not ${cooling}
      returning 1
    )
    select exists (select from taken) as granted,
      case when ${cooling} then extract(epoch from cooldown_until - clock_timestamp())::float8
        else 0 end as cooling_seconds,
      cooldown_code as code,
      greatest(0, ${cost}::float8 - ${filled})::float8 as missing
    from rate_limits where platform = ${platform}`
}

/**
 * Lets a platform cool down for `wait.leastMs`, twice that after the next strike in a row and so on,
 * or for as long as it asked; an hour at most. Of several workers that met the same refusal only the
 * first counts.
 */
export async function coolDown(
  db: Db,
  platform: string,
  code: string,
  wait: { leastMs: number; askedMs: number },
): Promise<{ until: Date; strikes: number }> {
  const most = LONGEST_COOL_DOWN_MS
  const { rows } = await sql<{ until: Date; strikes: number }>`
    insert into rate_limits as r (platform, tokens, cooldown_until, cooldown_code, strikes)
    values (${platform}, 0, clock_timestamp()
      + least(${most}::float8, greatest(${wait.leastMs}::float8, ${wait.askedMs}::float8))
        * interval '1 ms', ${code}, 1)
    on conflict (platform) do update set
      tokens = 0,
      refilled_at = clock_timestamp(),
      cooldown_code = excluded.cooldown_code,
      strikes = case when r.cooldown_until > clock_timestamp() then r.strikes else r.strikes + 1 end,
      cooldown_until = case
        when r.cooldown_until > clock_timestamp()
          and r.cooldown_until <= clock_timestamp() + ${`${most} ms`}::interval
        then greatest(r.cooldown_until,
          clock_timestamp() + least(${most}::float8, ${wait.askedMs}::float8) * interval '1 ms')
        else clock_timestamp() + least(${most}::float8, greatest(
          ${wait.leastMs}::float8 * power(2, least(r.strikes, 10)), ${wait.askedMs}::float8))
          * interval '1 ms'
        end
    returning cooldown_until as until, strikes`.execute(db)
  return rows[0]!
}

/** The platform has answered well: the next cool-down is a first one again. */
export async function forgiveStrikes(db: Db, platform: string): Promise<void> {
  await sql`
    update rate_limits set strikes = 0
    where platform = ${platform} and strikes > 0 and cooldown_until <= clock_timestamp()`.execute(
    db,
  )
}

/** The cool-down that a platform is in; null when it is in none. */
export async function coolDownOf(db: Db, platform: string): Promise<CoolDown | null> {
  return (await coolDownsNow(db)).find((each) => each.platform === platform) ?? null
}

/** Platforms that cool down now, by name. */
export async function coolDownsNow(db: Db): Promise<CoolDown[]> {
  const { rows } = await sql<CoolDown>`
    select platform, cooldown_until as until, cooldown_code as code, strikes from rate_limits
    where cooldown_until > clock_timestamp()
      and cooldown_until <= clock_timestamp() + ${`${LONGEST_COOL_DOWN_MS} ms`}::interval
    order by platform`.execute(db)
  return rows
}

/**
 * Takes one of the `slots` leases of a name for `forMs`; false when all are held. The same holder may
 * hold several.
 */
export async function takeLease(
  db: Db,
  name: string,
  slots: number,
  holder: string,
  forMs: number,
): Promise<boolean> {
  const { rows } = await sql`
    insert into leases as l (name, slot, holder, held_until)
    select ${name}, slot, ${holder}::uuid, clock_timestamp() + ${`${forMs} ms`}::interval
    from generate_series(1, ${slots}::int) slot
    where not exists (
      select from leases held where held.name = ${name} and held.slot = slot.slot
        and held.held_until > clock_timestamp()
        and held.held_until <= clock_timestamp() + ${`${LONGEST_LEASE_MS} ms`}::interval)
    order by random() limit 1
    on conflict (name, slot) do update
      set holder = excluded.holder, held_until = excluded.held_until
      where l.held_until <= clock_timestamp()
        or l.held_until > clock_timestamp() + ${`${LONGEST_LEASE_MS} ms`}::interval
    returning slot`.execute(db)
  return rows.length > 0
}

/** Holds these leases for `forMs` longer. */
export async function renewLeases(db: Db, holders: string[], forMs: number): Promise<void> {
  await sql`
    update leases set held_until = clock_timestamp() + ${`${forMs} ms`}::interval
    where holder = any(${holders}::uuid[])`.execute(db)
}

/** Gives a holder's leases back. */
export async function dropLeases(db: Db, holder: string): Promise<void> {
  await sql`delete from leases where holder = ${holder}::uuid`.execute(db)
}

/** For a library that one process has to itself: what is still held belongs to one that was killed. */
export async function dropAllLeases(db: Db): Promise<void> {
  await sql`delete from leases`.execute(db)
}
