import FastDaemonIO
import Testing

func acceptThree(from server: Server, print: (String) -> Void) async {
    var count = 0
    for await connection in server.connections {
        count += 1
        print("\(count): \(connection.peerAddress)")
        if count == 3 { server.close() }
    }
    print("closed")
}

extension AiterTutorial {
    @Test("Step 2: after the third connection the server is closed, and the loop ends by itself")
    func acceptThreeAndClose() async throws {
        let server = try startServer(on: .ip("127.0.0.1:0"))
        let clients = try (0..<3).map { _ in try Client(port: server.address.port) }
        let printout = Printout()
        await acceptThree(from: server, print: printout.print)
        #expect(await printout.next(3).map { $0.prefix(12) } == ["1: 127.0.0.1", "2: 127.0.0.1", "3: 127.0.0.1"])
        #expect(await printout.next() == ["closed"])
        for client in clients { #expect(await client.receiveLine() == nil) }
    }
}
