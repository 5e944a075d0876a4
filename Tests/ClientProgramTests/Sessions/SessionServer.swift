import Foundation
import TestSupport

/// A daemon that receives one request, says hello, and then does as `script` says.
///
/// - Parameter script: Gets the client, and its frames from HELLO to RUN; returns what the test wants to look at.
func sessionServer(
    _ address: FakeServer.Address, script: @escaping @Sendable (Peer, [Frame]) throws -> [UInt8]
) throws -> FakeServer {
    try FakeServer(address) { peer in
        let request = try peer.receiveRequest()
        try peer.send(.hello())
        return try script(peer, request)
    }
}

/// Runs the forwarder with one word, "x", against a daemon that does as `script` says, and expects nothing of either.
func session(
    input: ProgramInput = .bytes([]), closing: Set<Int32> = [],
    _ script: @escaping @Sendable (Peer) throws -> Void
) throws -> ProgramResult {
    let folder = try TemporaryFolder()
    let server = try sessionServer(.unix(folder.file("s"))) { peer, _ in
        try script(peer)
        return []
    }
    let result = try client(server.port, "x", input: input, closing: closing)
    _ = try server.finish()
    return result
}

/// Runs the forwarder as part of a shell script, in which `"$@"` is the forwarder, its port and the word "x".
func shell(_ text: String, _ server: FakeServer) throws -> ProgramResult {
    try run("/bin/bash", ["-c", text, "bash", builtProgram("fastdaemon_client"), server.port, "x"])
}
