-- What wrk found, as one line of JSON. No response(): that would cost for every answer.
function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '{"requests": %d, "bytes": %d, "duration": %d, "p99": %d, "status": %d, ' ..
      '"connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
      summary.requests, summary.bytes, summary.duration, latency:percentile(99),
      errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
