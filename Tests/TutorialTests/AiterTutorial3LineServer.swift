import FastDaemonIO
import FastDaemonPipeline
import Testing

func serveOneClient(of server: Server) async throws {
    for await connection in server.connections {
        server.close()
        for try await line in connection.bytes.lines() {
            try await connection.write(line + [UInt8(ascii: "\n")])
        }
    }
}

extension AiterTutorial {
    @Test("Step 3: one client's lines come back, and its goodbye ends the program")
    func serveOneClient() async throws {
        let server = try startServer(on: .ip("127.0.0.1:0"))
        async let served: Void = TutorialTests.serveOneClient(of: server)
        let client = try Client(port: server.address.port)
        client.send("one\ntwo\r\nthr")
        #expect(await client.receiveLine() == "one")
        #expect(await client.receiveLine() == "two")
        client.send("ee\nlast")
        client.finishSending()
        #expect(await client.receiveLine() == "three")
        #expect(await client.receiveLine() == "last")
        try await served
        #expect(await client.receiveLine() == nil)
    }
}
