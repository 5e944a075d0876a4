import FastDaemonIO
import FastDaemonPipeline
import Testing

struct LineServer: Sendable {
    let server: Server
    var wait: @Sendable () async -> Void = { try? await Task.sleep(for: .seconds(5)) }
    var print: @Sendable (String) -> Void = { Swift.print($0) }

    func run(workers: Int) async {
        let events = server.connections.map(events).joined()
        let answers = events.mapConcurrently(maxConcurrent: workers, order: .asCompleted, answer)
        for await line in answers { print("answered: \(line)") }
    }
}

extension LineServer {
    typealias Event = (line: String, connection: Connection)

    @Sendable private func events(of connection: Connection) -> some AsyncSequence<Event, Never> & Sendable {
        connection.bytes.textLines()
            .map { line in
                print("got: \(line)")
                return (line, connection)
            }
            .untilFailure { print("lost: \($0)") }
    }

    @Sendable private func answer(_ event: Event) async -> String {
        switch event.line {
        case "wait": await wait()
        case "quit": server.close()
        default: break
        }
        try? await event.connection.write(Array("\(event.line)\n".utf8))
        return event.line
    }
}

extension AiterTutorial {
    /// A pipeline on a server of its own, with a `wait` that ends when the test says so.
    private func start(workers: Int) throws -> (server: Server, gate: Gate, printout: Printout, run: Task<Void, Never>)
    {
        let server = try startServer(on: .ip("127.0.0.1:0"))
        let (gate, printout) = (Gate(), Printout())
        let lineServer = LineServer(server: server, wait: gate.pass, print: printout.print)
        return (server, gate, printout, Task { await lineServer.run(workers: workers) })
    }

    @Test("Step 5: with one worker, a wait makes everyone wait")
    func oneWorker() async throws {
        let (server, gate, printout, run) = try start(workers: 1)
        let (patient, hasty) = (try Client(port: server.address.port), try Client(port: server.address.port))
        patient.send("wait\n")
        await gate.isReached()
        hasty.send("hello\n")
        #expect(await printout.next(2) == ["got: wait", "got: hello"])
        gate.open()
        #expect(await hasty.receiveLine() == "hello")
        #expect(await patient.receiveLine() == "wait")
        #expect(await printout.next(2) == ["answered: wait", "answered: hello"])
        await finish([patient, hasty], run)
    }

    @Test("With several workers, a wait makes nobody else wait")
    func severalWorkers() async throws {
        let (server, gate, printout, run) = try start(workers: 5)
        let (patient, hasty) = (try Client(port: server.address.port), try Client(port: server.address.port))
        patient.send("wait\n")
        await gate.isReached()
        hasty.send("hello\n")
        #expect(await hasty.receiveLine() == "hello")
        #expect(await printout.next(3) == ["got: wait", "got: hello", "answered: hello"])
        gate.open()
        #expect(await patient.receiveLine() == "wait")
        #expect(await printout.next() == ["answered: wait"])
        await finish([patient, hasty], run)
    }

    /// Any client may end the program; it ends when the others have gone.
    private func finish(_ clients: [Client], _ run: Task<Void, Never>) async {
        clients[0].send("quit\n")
        #expect(await clients[0].receiveLine() == "quit")
        for client in clients { client.finishSending() }
        await run.value
        for client in clients { #expect(await client.receiveLine() == nil) }
    }
}
