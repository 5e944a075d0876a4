import Foundation

/// Lets this process have as many descriptors as it may; a daemon is given its own number when it is started.
public func allowManyDescriptors() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// Two sockets of this process that are connected with each other.
public func socketPair(
    _ kind: __socket_type = SOCK_STREAM, isNonBlocking: Bool = false
) throws -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    let flags = SOCK_CLOEXEC.rawValue | (isNonBlocking ? SOCK_NONBLOCK.rawValue : 0)
    guard socketpair(AF_UNIX, Int32(kind.rawValue | flags), 0, &ends) == 0 else {
        throw TestFailure("no socket pair: \(String(cString: strerror(errno)))")
    }
    return (ends[0], ends[1])
}
