import FastDaemonHost
import FastDaemonIO
import Synchronization

/// The worker's side of calls that run in worker processes.
extension RecordService {
    /// Takes on a call, which can be cancelled from now on. `serveAssigned` is to follow.
    func take(_ connection: Connection, assigned call: WorkerCall) -> Session {
        connection.keepReading()
        let session = Session(connection, caller: call.caller, begin: loop.now, assigned: call, self)
        sessions[ObjectIdentifier(session)] = session
        return session
    }

    /// Serves a session that the daemon has with this worker. The connection closes when the handler has ended, and not before:
    /// that is how the daemon knows that there is room for another call.
    func serveAssigned(_ session: Session) async {
        let connection = session.connection
        defer {
            sessions[ObjectIdentifier(session)] = nil
            session.releaseCall()
            // A process that the handler forked may hold the socket still.
            connection.shutDown()
            connection.close()
        }
        await session.receive { $0 == .request || $0 == .gathering }
        guard let running = session.running else { return await session.receive { $0 != .over } }
        await withDiscardingTaskGroup { tasks in
            tasks.addTask(executorPreference: loop) { await self.finish(running, of: session) }
            await session.receive { $0 != .over }
        }
    }

    /// Cancels one of them.
    func cancelAssigned(_ id: UInt64, _ reason: CancellationReason) {
        for session in sessions.values where session.assigned?.id == id { session.noteCancellation(reason) }
    }

    /// This process is told to end: its calls are to stop, and none of them counts as done that has not ended by now.
    func giveUpAssigned() {
        for session in sessions.values { session.noteTermination() }
    }
}
