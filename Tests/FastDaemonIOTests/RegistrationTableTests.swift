import CLinux
import FastDaemonSystem
import Testing

@testable import FastDaemonIO

@Suite("The table of registrations") struct RegistrationTableTests {
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop()
        loop.stop()
    }

    private func registration() throws -> Registration {
        Registration(
            Descriptor(owning: try check(clinux_wake_create(), "create", "an event descriptor")), as: .connection,
            on: loop)
    }

    @Test("finds each registration by its token, and gives none the token 0, which is the wake-up's")
    func finds() throws {
        var table = RegistrationTable()
        let (first, second) = (try registration(), try registration())
        let (firstToken, secondToken) = (table.insert(first), table.insert(second))
        #expect(table[firstToken] === first)
        #expect(table[secondToken] === second)
        #expect(firstToken != 0)
        #expect(table[0] == nil)
        #expect(table[secondToken + 1] == nil)
        #expect(table.all.count == 2)
    }

    @Test("does not answer to an old token when its place is another's")
    func generation() throws {
        var table = RegistrationTable()
        let (first, second) = (try registration(), try registration())
        let old = table.insert(first)
        table.remove(old)
        #expect(table[old] == nil)
        let new = table.insert(second)
        #expect(UInt32(truncatingIfNeeded: new) == UInt32(truncatingIfNeeded: old), "the place is used again")
        #expect(table[old] == nil)
        #expect(table[new] === second)
    }

    @Test("leaves the new holder of a place alone when the old token is removed again")
    func removesOnce() throws {
        var table = RegistrationTable()
        let (first, second) = (try registration(), try registration())
        let old = table.insert(first)
        table.remove(old)
        let new = table.insert(second)
        table.remove(old)
        #expect(table[new] === second)
        let third = table.insert(first)
        #expect(UInt32(truncatingIfNeeded: third) != UInt32(truncatingIfNeeded: new), "a place is free once")
    }
}
