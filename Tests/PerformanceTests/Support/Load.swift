import Foundation
import TestSupport

/// One request over and over, and how long its reply is.
struct Load {
    let request: [UInt8]
    let replyCount: Int

    /// `echo hi`, or that with so much input that comes back.
    static func echo(input count: Int = 0) -> Load {
        count == 0
            ? Load(request: recordBytes("echo hi"), replyCount: 8 + 3)
            : Load(request: recordBytes("echo", String(repeating: "x", count: count)), replyCount: 8 + count)
    }

    /// A command of the fixture `many`.
    static func many(_ index: Int) -> Load {
        Load(request: recordBytes("c\(index) hi"), replyCount: 8 + 2)
    }

    private func check(_ reply: [UInt8]) throws {
        guard reply.count == replyCount else { throw TestFailure("a reply of \(reply.count) bytes") }
    }

    /// A request on each of these connections, all before the first reply is received, so many times.
    func run(_ rounds: Int, over peers: [RawPeer]) throws {
        for _ in 0..<rounds {
            for peer in peers { try peer.send(request) }
            for peer in peers { try check(peer.receive(replyCount)) }
        }
    }

    /// So many batches of 16 requests over one connection.
    func runPipelined(_ batches: Int, over peer: RawPeer) throws {
        let requests = Array(repeatElement(request, count: 16).joined())
        for _ in 0..<batches {
            try peer.send(requests)
            let replies = try peer.receive(16 * replyCount)
            guard replies.count == 16 * replyCount else { throw TestFailure("\(replies.count) bytes of replies") }
        }
    }

    /// So many requests, each over a connection of its own, which the daemon has closed before the next begins.
    func runSeparately(_ count: Int, on daemon: RunningDaemon) throws {
        for _ in 0..<count {
            let peer = try daemon.connect()
            try peer.send(request)
            peer.finishSending()
            try check(peer.receiveToEnd())
        }
    }
}
