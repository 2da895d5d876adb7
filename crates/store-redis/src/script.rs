//! The scripts: one compares and writes, one looks into the indexes, one shuts out what was given up.

use crate::keys::{Index, Keys, LogKeys, MARKER};
use redis::Cmd;

/// Compares, looks at everything that is to be written to, and writes.
///
/// KEYS: heads, marker. ARGV: the marker's text; the number of comparisons, each of key, field, expected (empty
/// where there must be nothing); the number of writes, each of letter, key, number of arguments, arguments.
///
/// Since the script says which engine it is for, Redis refuses it as a whole, before its first line, where
/// memory is full, the disk failed, or the server is a replica.
pub(crate) const WRITE: &str = r"#!lua
local types = { r = 'string', s = 'string', h = 'hash', z = 'hash', d = 'hash', i = 'hash',
                a = 'set', m = 'set', k = 'zset', u = 'hash' }
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return { 'none' } end
local at = 2
local function take() at = at + 1 return ARGV[at - 1] end
for guard = 1, tonumber(take()) do
  local key, field, expected = take(), take(), take()
  local held = redis.call('TYPE', key).ok
  if held ~= 'none' and held ~= 'hash' then return { 'wrong', key, held } end
  local found = redis.call('HGET', key, field) or ''
  if found ~= expected then return { 'moved', guard, found } end
end
local count = tonumber(take())
local first = at
for write = 1, count do
  local op, key, many = take(), take(), tonumber(take())
  local held = redis.call('TYPE', key).ok
  if held ~= 'none' and held ~= types[op] then return { 'wrong', key, held } end
  if op == 'r' and redis.call('STRLEN', key) < tonumber(ARGV[at]) then
    return { 'short', key, redis.call('STRLEN', key) }
  end
  if op == 'i' then
    local value = redis.call('HGET', key, ARGV[at])
    if value and not string.match(value, '^%-?%d+$') then return { 'wrong', key, 'text' } end
  end
  at = at + many
end
at = first
for write = 1, count do
  local op, key, many = take(), take(), tonumber(take())
  local last = at + many - 1
  if op == 'r' then redis.call('SETRANGE', key, ARGV[at], ARGV[last])
  elseif op == 's' then redis.call('SET', key, ARGV[at])
  elseif op == 'h' then redis.call('HSET', key, unpack(ARGV, at, last))
  elseif op == 'd' then redis.call('HDEL', key, unpack(ARGV, at, last))
  elseif op == 'i' then redis.call('HINCRBY', key, ARGV[at], ARGV[last])
  elseif op == 'a' then redis.call('SADD', key, unpack(ARGV, at, last))
  elseif op == 'm' then redis.call('SREM', key, unpack(ARGV, at, last))
  elseif op == 'k' then redis.call('ZADD', key, unpack(ARGV, at, last))
  elseif op == 'u' then redis.call('UNLINK', key)
  elseif op == 'z' then
    local pairs = {}
    for place = at, last do
      pairs[#pairs + 1] = ARGV[place]
      pairs[#pairs + 1] = ''
    end
    redis.call('HSET', key, unpack(pairs))
  end
  at = last + 1
end
return { 'ok' }
";

/// Looks for a mark in the indexes of some runs: gives the receipts' places.
///
/// KEYS: heads. ARGV: the keys' beginning, first and last run, upper and lower half of the mark. Halves,
/// because a number in Lua is a double; numbers, because comparing texts there depends on the locale.
pub(crate) const FIND: &str = r"#!lua flags=no-writes
local out, high, low = {}, tonumber(ARGV[4]), tonumber(ARGV[5])
for run = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  local key = ARGV[1] .. string.format('%.0f', run)
  local count = redis.call('STRLEN', key) / 10
  local function entry(at) return struct.unpack('>I4I4I2', redis.call('GETRANGE', key, at * 10, at * 10 + 9)) end
  local from, to = 0, count
  while from < to do
    local middle = math.floor((from + to) / 2)
    local h, l = entry(middle)
    if h < high or (h == high and l < low) then from = middle + 1 else to = middle end
  end
  while from < count do
    local h, l, place = entry(from)
    if h ~= high or l ~= low then break end
    out[#out + 1] = run * 1024 + place
    from = from + 1
  end
end
return out
";

/// Counts a log's fence on: whatever compares the number before is refused from then on. Also where memory is full,
/// since nobody could say where the log ends until there is room.
///
/// KEYS: fences. ARGV: the log.
pub(crate) const FENCE: &str = r"#!lua flags=allow-oom
return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
";

/// Asks whether the user may do what a deletion does, and does nothing: gives the commands that are refused.
///
/// KEYS: heads, marker. ARGV: the marker's text; a key of the log's; `1` where the append-only file is to
/// be written anew.
///
/// It names its engine and says nothing of being without writes, so that Redis refuses it where it would refuse [`WRITE`]: on
/// a replica, where memory is full or the disk failed.
pub(crate) const MAY_DELETE: &str = r"#!lua
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return { 'none' } end
local key = ARGV[2]
local commands = {
  { 'EVALSHA', 'digest', '1', key }, { 'TYPE', key }, { 'GETRANGE', key, '0', '1' }, { 'HGET', key, 'f' },
  { 'HSTRLEN', key, 'f' }, { 'HKEYS', key }, { 'SMEMBERS', key },
  { 'HSET', key, 'f', 'v' }, { 'HDEL', key, 'f' }, { 'HINCRBY', key, 'f', '1' }, { 'SET', key, 'v' },
  { 'SREM', key, 'm' }, { 'UNLINK', key }, { 'INFO', 'persistence' },
}
if ARGV[3] == '1' then commands[#commands + 1] = { 'BGREWRITEAOF' } end
local refused = {}
for _, command in ipairs(commands) do
  local known, may = pcall(redis.acl_check_cmd, unpack(command))
  if not known or not may then refused[#refused + 1] = command[1] end
end
return { 'ok', refused }
";

/// Arguments of one command in the script: Lua takes some thousands at most.
const ARGUMENTS: usize = 1000;

/// What the script compares.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) key: String,
    pub(crate) field: String,
    /// Empty where there must be nothing.
    pub(crate) expected: Vec<u8>,
}

/// What the script is to compare and to write.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) guards: Vec<Guard>,
    arguments: Vec<Vec<u8>>,
    count: usize,
}

impl Change {
    pub(crate) fn guard(&mut self, key: &str, field: &str, expected: Vec<u8>) {
        let (key, field) = (key.to_owned(), field.to_owned());
        self.guards.push(Guard {
            key,
            field,
            expected,
        });
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn write(&mut self, op: u8, key: &str, arguments: impl ExactSizeIterator<Item = Vec<u8>>) {
        self.count += 1;
        self.arguments.push(vec![op]);
        self.arguments.push(key.into());
        self.arguments
            .push(arguments.len().to_string().into_bytes());
        self.arguments.extend(arguments);
    }

    /// The same command as often as its arguments need; what belongs together, `width` of them, stays so.
    fn many(&mut self, op: u8, key: &str, width: usize, mut arguments: Vec<Vec<u8>>) {
        while !arguments.is_empty() {
            let most = ARGUMENTS / width * width;
            let rest = arguments.split_off(arguments.len().min(most));
            self.write(op, key, arguments.into_iter());
            arguments = rest;
        }
    }

    /// Bytes at an offset, up to which the string must reach.
    pub(crate) fn put_at(&mut self, key: &str, offset: u64, bytes: Vec<u8>) {
        self.write(b'r', key, [number(offset), bytes].into_iter());
    }

    pub(crate) fn set(&mut self, key: &str, bytes: Vec<u8>) {
        self.write(b's', key, [bytes].into_iter());
    }

    /// Fields and their values by turns.
    pub(crate) fn fields(&mut self, key: &str, pairs: Vec<Vec<u8>>) {
        self.many(b'h', key, 2, pairs);
    }

    /// Fields whose values become empty.
    pub(crate) fn empty(&mut self, key: &str, fields: Vec<Vec<u8>>) {
        self.many(b'z', key, 1, fields);
    }

    pub(crate) fn remove_fields(&mut self, key: &str, fields: Vec<Vec<u8>>) {
        self.many(b'd', key, 1, fields);
    }

    pub(crate) fn add(&mut self, key: &str, field: &str, delta: i64) {
        let delta = delta.to_string().into_bytes();
        self.write(b'i', key, [field.into(), delta].into_iter());
    }

    pub(crate) fn add_members(&mut self, key: &str, members: Vec<Vec<u8>>) {
        self.many(b'a', key, 1, members);
    }

    pub(crate) fn remove_members(&mut self, key: &str, members: Vec<Vec<u8>>) {
        self.many(b'm', key, 1, members);
    }

    /// Scores and members by turns.
    pub(crate) fn scores(&mut self, key: &str, pairs: Vec<Vec<u8>>) {
        self.many(b'k', key, 2, pairs);
    }

    pub(crate) fn unlink_hash(&mut self, key: &str) {
        self.write(b'u', key, [].into_iter());
    }

    /// Compares a log's revision, and counts it on.
    pub(crate) fn revise(&mut self, keys: &Keys, log: &str, revision: &[u8]) {
        self.guard(&keys.revisions, log, revision.to_vec());
        self.add(&keys.revisions, log, 1);
    }

    /// The command without its name and script.
    pub(crate) fn arguments(&self, cmd: &mut Cmd, keys: &Keys) {
        cmd.arg(2).arg(&keys.heads).arg(&keys.marker).arg(MARKER);
        cmd.arg(self.guards.len());
        for guard in &self.guards {
            cmd.arg(&guard.key).arg(&guard.field).arg(&guard.expected);
        }
        cmd.arg(self.count);
        for argument in &self.arguments {
            cmd.arg(argument);
        }
    }
}

/// The arguments of the script that looks for a mark.
pub(crate) fn find_arguments(
    cmd: &mut Cmd,
    keys: &Keys,
    (log, index): (&LogKeys, Index),
    runs: core::ops::Range<u64>,
    mark: [u8; 8],
) {
    let mark = u64::from_be_bytes(mark);
    cmd.arg(1).arg(&keys.heads).arg(log.index(index));
    cmd.arg(runs.start).arg(runs.end.saturating_sub(1));
    cmd.arg(mark >> 32).arg(mark & 0xffff_ffff);
}

pub(crate) fn number(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}
