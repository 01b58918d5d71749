-- For wrk: asks the paths of a file in turn, and says what it counted in one line of JSON.
local paths, rank = {}, 0

function init(arguments)
    for path in io.lines(arguments[1]) do
        paths[#paths + 1] = path
    end
end

function request()
    rank = rank % #paths + 1
    return wrk.format("GET", paths[rank])
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests": %d, "microseconds": %d, "bytes": %d, "median_us": %d, "failed": %d}\n',
        summary.requests, summary.duration, summary.bytes, latency:percentile(50),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
