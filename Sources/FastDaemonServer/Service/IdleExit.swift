/// When a daemon with nothing to do ends by itself. Pure: the time is passed in.
struct IdleExit {
    /// How long it may have nothing to do, in nanoseconds.
    let limit: UInt64

    enum Decision: Equatable {
        case exit

        /// Look again after so many nanoseconds: not before that can the time be up.
        case wait(UInt64)
    }

    /// What to do now.
    ///
    /// - Parameters:
    ///   - isBusy: whether there is a connection or a call.
    ///   - lastActivity: when the last of either ended, or the daemon began.
    func decision(at now: UInt64, isBusy: Bool, lastActivity: UInt64) -> Decision {
        if isBusy { return .wait(limit) }
        let quiet = now > lastActivity ? now - lastActivity : 0
        return quiet >= limit ? .exit : .wait(limit - quiet)
    }
}
