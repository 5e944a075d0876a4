import FastDaemonIO
import FastDaemonPipeline
import Testing

func serveAllClients(of server: Server, print: @escaping @Sendable (String) -> Void) async {
    let events = server.connections.map { connection in
        connection.bytes.lines()
            .map { line in (line, connection) }
            .untilFailure { print("lost: \($0)") }
    }.joined()

    for await (line, connection) in events {
        print(String(decoding: line, as: UTF8.self))
        try? await connection.write(line + [UInt8(ascii: "\n")])
        if line == Array("quit".utf8) { server.close() }
    }
}

extension AiterTutorial {
    @Test("Step 4: one loop serves all clients; it ends when the server is closed and all have gone")
    func serveAllClients() async throws {
        let server = try startServer(on: .ip("127.0.0.1:0"))
        let printout = Printout()
        async let served: Void = TutorialTests.serveAllClients(of: server, print: printout.print)
        let clients = try (0..<3).map { _ in try Client(port: server.address.port) }
        for index in [2, 0, 1, 0] {
            clients[index].send("\(index)\n")
            #expect(await clients[index].receiveLine() == "\(index)")
        }
        clients[1].send("quit\n")
        #expect(await printout.next(5) == ["2", "0", "1", "0", "quit"])
        for client in clients { client.finishSending() }
        await served
        #expect(await clients[1].receiveLine() == "quit")
        for client in clients { #expect(await client.receiveLine() == nil) }
    }
}
