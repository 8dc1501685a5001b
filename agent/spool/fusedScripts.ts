/**
 * What the fused queue runs on the server, in Lua. Each script is atomic and takes the key prefix as its first key.
 *
 * Beside Spool's keys there are four of its own, which are gone when nobody holds anything:
 *
 *   fused:leases           sorted set  consumer → when its lease ends, in ms on Redis's clock
 *   fused:held:<consumer>  hash        `<turn>:<priority>` → JSON array of the task IDs that this turn took from that queue and
 *                                      that are not settled; `turn` → the last turn that was carried out
 *   fused:fetched:<consumer>  list     the task IDs that a turn has just taken, for the SORT behind it, which removes the list
 *   fused:retries          sorted set  `<priority>:<task ID>` → when it is due, in ms on Redis's clock
 *
 * Whatever a script touches Lua copies and hashes byte by byte, so tasks pass it by: plain commands store them, in one
 * transaction with the script, and SORT … GET answers with them.
 *
 * A consumer without a lease holds nothing: who finds a lease ended takes back all that its consumer held, in one step with
 * the lease. A consumer watches its held hash, so that its transaction fails as a whole when somebody else has removed that:
 * a task is never settled by two consumers.
 */

const HEAD = `
local prefix = KEYS[1]
local call, pcall = redis.call, redis.pcall
local leases, retries = prefix .. 'fused:leases', prefix .. 'fused:retries'
local heldBy, fetchedBy = prefix .. 'fused:held:', prefix .. 'fused:fetched:'
local queues = { [0] = prefix .. 'queue:low', prefix .. 'queue:normal', prefix .. 'queue:high', prefix .. 'queue:critical' }
local time = call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * A turn's part that is not plain commands: notes what was settled, settles what did not complete, and takes tasks.
 *
 * ARGV: consumer, turn (from 1), most tasks to take, lease in ms, 1 to leave the IDs taken to a SORT or 0,
 * then the numbers of tickets and of completed, retried, dead, deleted and returned tasks, then
 *   for each ticket: its field in the held hash, and the IDs left in it ('' for none)
 *   for each retried task: ID, stored task (also the task itself), result or '', priority, delay in ms
 *   for each dead task: ID, stored task, result or '', dead letter, note
 *   the IDs of tasks to delete, which nobody could read
 *   for each task that goes back to the head of its queue, the newest first: priority, ID
 *
 * Returns 0 or an error of the fetch, then the IDs taken of priority 3, 2, 1, 0, each as JSON or ''.
 *
 * Statistics and indexes are bookkeeping: an error there does not stop it, as with Spool.
 */
export const TURN = `${HEAD}
local consumer, turn, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local held = heldBy .. consumer
local tickets, completed = tonumber(ARGV[6]), tonumber(ARGV[7])
local retried, dead = tonumber(ARGV[8]), tonumber(ARGV[9])
local deleted, returned = tonumber(ARGV[10]), tonumber(ARGV[11])
local at = 11 + 2 * tickets
local taskKey, storedTask, state = prefix .. 'task:', prefix .. 'store:task:', prefix .. 'index:state:'

if turn == 1 then call('ZADD', leases, nowMs + tonumber(ARGV[4]), consumer) end

local function storeResult(id, result)
  if result ~= '' then call('SET', prefix .. 'store:result:' .. id, result, 'EX', '2592000') end
end

local whole = {}
for i = 12, at, 2 do
  local field, rest = ARGV[i], ARGV[i + 1]
  if rest == '' then whole[#whole + 1] = field else call('HSET', held, field, rest) end
end
if #whole > 0 then call('HDEL', held, unpack(whole)) end

if completed > 0 then pcall('INCRBY', prefix .. 'stats:completed', completed) end

for i = 1, retried do
  local id, task, result, priority, delayMs = unpack(ARGV, at + 1, at + 5)
  storeResult(id, result)
  call('SET', storedTask .. id, task, 'EX', '604800')
  call('SET', taskKey .. id, task)
  call('ZADD', retries, nowMs + tonumber(delayMs), priority .. ':' .. id)
  pcall('SADD', state .. 'retrying', id)
  at = at + 5
end

for i = 1, dead do
  local id, task, result, letter, note = unpack(ARGV, at + 1, at + 5)
  storeResult(id, result)
  call('SET', storedTask .. id, task, 'EX', '604800')
  call('DEL', taskKey .. id)
  pcall('SADD', state .. 'dead_letter', id)
  local added = pcall('RPUSH', prefix .. 'dlq:tasks', letter)
  if type(added) == 'number' then
    call('SET', prefix .. 'dlq:meta:' .. id, note, 'EX', '2592000')
    pcall('INCR', prefix .. 'stats:dlq')
  end
  pcall('INCR', prefix .. 'stats:failed')
  at = at + 5
end

for i = 1, deleted do call('DEL', taskKey .. ARGV[at + i]) end
at = at + deleted

for i = 1, 2 * returned, 2 do call('LPUSH', queues[tonumber(ARGV[at + i])], ARGV[at + i + 1]) end

call('HSET', held, 'turn', turn)
local reply, ids = { 0, '', '', '', '' }, {}
for priority = 3, 0, -1 do
  if #ids < most then
    local taken = pcall('LPOP', queues[priority], most - #ids)
    if taken and taken.err then
      reply[1] = taken.err
    elseif taken then
      local json = cjson.encode(taken)
      call('HSET', held, turn .. ':' .. priority, json)
      reply[5 - priority] = json
      for i = 1, #taken do ids[#ids + 1] = taken[i] end
    end
  end
end
if #ids > 0 then
  pcall('SADD', state .. 'processing', unpack(ids))
  pcall('SET', prefix .. 'stats:last_dequeue', time[1])
  if ARGV[5] == '1' then call('RPUSH', fetchedBy .. consumer, unpack(ids)) end
end
return reply
`;

/**
 * How a consumer stands. ARGV: consumer, turn. Returns [1 when it has a lease, its last turn that was carried out, the IDs that
 * `turn` took of priority 3, 2, 1, 0, each as JSON or ''].
 */
export const STATE = `${HEAD}
local held = heldBy .. ARGV[1]
local reply = { call('ZSCORE', leases, ARGV[1]) and 1 or 0, tonumber(call('HGET', held, 'turn') or 0), '', '', '', '' }
for priority = 3, 0, -1 do reply[6 - priority] = call('HGET', held, ARGV[2] .. ':' .. priority) or '' end
return reply
`;

/**
 * What any process does for all, once a second: renews the leases of its consumers, takes back what consumers without one held,
 * to the heads of the queues and in the order in which it was taken, and enqueues the retries that are due.
 *
 * ARGV: lease in ms, most retries to enqueue, then its consumers.
 *
 * Returns [leases renewed, tasks taken back, retries enqueued, ms to the next retry or -1, retries that wait and other
 * consumers that hold something].
 */
export const MAINTAIN = `${HEAD}
local renewed = 0
for i = 3, #ARGV do
  if call('ZSCORE', leases, ARGV[i]) then
    call('ZADD', leases, nowMs + tonumber(ARGV[1]), ARGV[i])
    renewed = renewed + 1
  end
end

local takenBack = 0
for _, gone in ipairs(call('ZRANGEBYSCORE', leases, '-inf', nowMs)) do
  local fields = call('HGETALL', heldBy .. gone)
  local tickets = {}
  for i = 1, #fields, 2 do
    local turn, priority = string.match(fields[i], '^(%d+):(%d)$')
    if turn then tickets[#tickets + 1] = { tonumber(turn), tonumber(priority), fields[i + 1] } end
  end
  table.sort(tickets, function(a, b) return a[1] > b[1] end)
  for _, ticket in ipairs(tickets) do
    local ids = cjson.decode(ticket[3])
    for i = #ids, 1, -1 do call('LPUSH', queues[ticket[2]], ids[i]) end
    takenBack = takenBack + #ids
  end
  call('DEL', heldBy .. gone, fetchedBy .. gone)
  call('ZREM', leases, gone)
end

local due = call('ZRANGEBYSCORE', retries, '-inf', nowMs, 'LIMIT', 0, tonumber(ARGV[2]))
for _, member in ipairs(due) do
  call('RPUSH', queues[tonumber(string.sub(member, 1, 1))], string.sub(member, 3))
  call('ZREM', retries, member)
end
if #due > 0 then
  pcall('INCRBY', prefix .. 'stats:total', #due)
  pcall('SET', prefix .. 'stats:last_enqueue', time[1])
end

local first = call('ZRANGE', retries, 0, 0, 'WITHSCORES')
local nextMs = first[2] and math.max(0, first[2] - nowMs) or -1
return { renewed, takenBack, #due, nextMs, call('ZCARD', retries) + call('ZCARD', leases) - renewed }
`;

/** Ends a consumer that holds nothing. ARGV: consumer. Returns how many tickets it held all the same, and then it stays. */
export const RELEASE = `${HEAD}
local held = heldBy .. ARGV[1]
local left = call('HLEN', held) - call('HEXISTS', held, 'turn')
if left == 0 then
  call('DEL', held, fetchedBy .. ARGV[1])
  call('ZREM', leases, ARGV[1])
end
return left
`;
