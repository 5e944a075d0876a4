import Glibc

/// Connections that are held open and never used, closed with this value.
struct IdleConnections: ~Copyable {
    private let descriptors: [Int32]

    var count: Int { descriptors.count }

    init(_ count: Int, to endpoint: Endpoint, timeout: Double) throws(ConnectionError) {
        var opened: [Int32] = []
        do throws(ConnectionError) {
            for _ in 0..<count {
                opened.append(try endpoint.connect(timeout: timeout))
                try endpoint.finishConnecting(opened[opened.count - 1], timeout: timeout)
            }
        } catch {
            for descriptor in opened { close(descriptor) }
            throw ConnectionError(reason: "idle connection \(opened.count): \(error.reason)", code: error.code)
        }
        descriptors = opened
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// How many of them the daemon has closed.
    var closedByPeer: Int {
        var byte: UInt8 = 0
        return descriptors.count { descriptor in
            let received = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
            return received == 0 || (received < 0 && errno != EAGAIN)
        }
    }
}
