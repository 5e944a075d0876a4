import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonProtocol
import Glibc

/// Serves sessions on a loop.
extension RecordService {
    /// Begins a session. One whose request is there and is answered at once, as most are, is over afterwards; what goes on of
    /// another is for `serveSession`. On the loop.
    ///
    /// - Parameters:
    ///   - exchange: its connection, on which nothing else has come.
    ///   - bytes: what has come of it.
    func beginSession(of exchange: Exchange, with bytes: UnsafeRawBufferPointer) {
        let session = Session(exchange, self)
        session.process(bytes)
        exchange.session = session
        if session.isOver { session.releaseCall() } else { sessions[ObjectIdentifier(session)] = session }
    }

    /// Serves a session that was begun until it and its call have ended.
    func serveSession(_ session: Session) async {
        defer {
            sessions[ObjectIdentifier(session)] = nil
            session.releaseCall()
        }
        await session.receive { $0 == .request || $0 == .gathering }
        guard let running = session.running else {
            await session.receive { $0 != .over }
            return await close(session)
        }
        await withDiscardingTaskGroup { tasks in
            tasks.addTask(executorPreference: loop) { await self.finish(running, of: session) }
            await session.receive { $0 != .over }
            await close(session)
        }
    }

    private func close(_ session: Session) async {
        // A Unix socket keeps what was sent when it is closed; TCP loses it where something came that nobody read.
        if !session.connection.peerAddress.isUnix { await session.connection.linger() }
        session.connection.close()
    }

    /// Gives up what goes on in sessions: the daemon is going down and has waited long enough.
    ///
    /// - Returns: how many sessions were given up whose commands do not run, or not any more.
    func giveUpSessions() -> Int {
        sessions.values.reduce(0) { $1.noteShutdown() ? $0 + 1 : $0 }
    }

    /// Sees a call through to its end.
    func finish(_ running: RunningCall, of session: Session) async {
        if let work = session.ownWork { return await finish(running, of: session, work) }
        let route = running.route
        switch await run(running) {
        case .ended(let status, let begin):
            let (bytesIn, bytesOut) = session.call!.byteCounts
            session.noteEnd(status)
            note(running, status: status, begin: begin, bytesIn: bytesIn, bytesOut: bytesOut)
        case .outlived(let verdict, let text, let begin):
            let (bytesIn, bytesOut) = session.call!.byteCounts
            session.finish(verdict, text)
            noteOutlived(running, verdict, begin: begin, bytesIn: bytesIn, bytesOut: bytesOut)
        case .failed(let failure):
            let (bytesIn, bytesOut) = session.call!.byteCounts
            session.noteFailure(failure)
            note(
                running, status: Int32(failure.status), begin: failure.begin, bytesIn: bytesIn, bytesOut: bytesOut)
        case .busy(let text): session.finish(.busy, text)
        case .abandoned:
            session.noteAbandonment()
            let now = clinux_now()
            core.logAccess(running, status: Int32(session.endStatus), begin: now, end: now)
        case .noDirectory(let code):
            let verdict: SessionVerdict = [EMFILE, ENFILE, ENOMEM].contains(code) ? .busy : .refused
            session.finish(verdict, "\(route.name): \(explanation(of: code, in: running.call))")
            let now = clinux_now()
            core.logAccess(running, status: Int32(verdict.exitStatus!), begin: now, end: now)
        }
    }

    private func explanation(of code: Int32, in call: Call) -> String {
        if code == ENOTSUP {
            return
                "this system does not let the daemon give a thread a working directory of its own (unshare(2)), so the "
                + "command cannot run in yours; a record (--record) runs it in the daemon's"
        }
        let path = call.workingDirectory
        let name = String(decoding: UnsafeRawBufferPointer(start: path.data, count: path.count), as: UTF8.self)
        return "the daemon cannot enter the directory \(Printable.line(name)): \(String(cString: strerror(code)))"
    }

    /// Sends what was written on the loop when all connections that had something to say were heard.
    func flushLater(_ session: Session) {
        unflushed.append(session)
    }

    func flushSessions() {
        if unflushed.isEmpty { return }
        let sessions = unflushed
        unflushed.removeAll(keepingCapacity: true)
        for session in sessions { session.flush() }
        // What handlers that were called back wrote meanwhile has its turn after everybody else's.
        if !unflushed.isEmpty { loop.stayAwake() }
    }

    /// Tells a client that is not let in why, and closes.
    func turnAwaySession(_ connection: Connection, _ verdict: SessionVerdict, because text: String) async {
        var frames: [UInt8] = []
        SessionEncoder.append(SessionHello(), to: &frames)
        SessionEncoder.append(
            SessionEnd(verdict, status: verdict.exitStatus!, call: 0), text: Array(text.utf8).span.bytes, to: &frames)
        // It fits into an empty socket; where not, nobody is there.
        _ = try? frames.withUnsafeBytes { try connection.sendNow($0) }
        await connection.linger()
        connection.close()
    }
}
