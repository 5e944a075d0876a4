import FastDaemonIO
import Testing

func printConnections(of server: Server, print: (String) -> Void) async {
    for await connection in server.connections {
        print("connected: \(connection.peerAddress)")
    }
}

extension AiterTutorial {
    @Test("Step 1: each connection is printed, as long as the server is open")
    func printEachConnection() async throws {
        let server = try startServer(on: .ip("127.0.0.1:0"))
        let printout = Printout()
        async let served: Void = printConnections(of: server, print: printout.print)
        for _ in 0..<3 {
            _ = try Client(port: server.address.port)
            #expect(await printout.next().allSatisfy { $0.hasPrefix("connected: 127.0.0.1:") })
        }
        server.close()
        await served
    }
}
