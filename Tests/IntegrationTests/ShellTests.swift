import Foundation
import TestSupport
import Testing

/// A command that runs in the daemon, used as people use commands: nothing around it can tell.
@Suite("In a shell", .ownThread) struct ShellTests {
    private let daemon: RunningDaemon
    private let work: String

    init() throws {
        daemon = try RunningDaemon(with: ["toolbox"])
        work = daemon.folder.file("work")
        // Names that are commands: the client under other names.
        try FileManager.default.createDirectory(atPath: daemon.folder.file("bin"), withIntermediateDirectories: false)
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
        for name in ["count", "wait", "copy", "client"] {
            try FileManager.default.createSymbolicLink(
                atPath: daemon.folder.file("bin/\(name)"), withDestinationPath: builtProgram("fastdaemon_client"))
        }
    }

    private func shell(_ script: String, input: ProgramInput = .bytes([])) throws -> ProgramResult {
        var environment = ProcessInfo.processInfo.environment
        environment["FASTDAEMON_PORT"] = daemon.folder.file("socket")
        environment["PATH"] = daemon.folder.file("bin") + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
        // In a loop the port is written out, as a script of somebody's would.
        environment["S"] = daemon.folder.file("socket")
        environment["CLIENT"] = builtProgram("fastdaemon_client")
        environment["HOME"] = work
        // The tests may be run by make, which would tell the make in here.
        for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS"] { environment[name] = nil }
        return try run("/usr/bin/env", ["-C", work, "bash", "-c", script], input: input, environment: environment)
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: work + "/" + name))
    }

    @Test("a while-read loop keeps its list")
    func whileRead() throws {
        let result = try shell(
            "seq 1 20 > list; while read -r x; do \"$CLIENT\" \"$S\" echo \"<$x>\"; done < list")
        #expect(result.outputText == (1...20).map { "<\($0)>\n" }.joined())
        #expect(result.status == .exited(0))
    }

    @Test("make stops where a command fails, with its status, and runs it in the folder of the rule")
    func make() throws {
        try FileManager.default.createDirectory(atPath: work + "/sub", withIntermediateDirectories: false)
        try write("a b\nc\n", to: "sub/notes.txt")
        try write(
            "all: good bad never\ngood:\n\t@cd sub && count -l notes.txt\nbad:\n\t@count none.txt\nnever:\n\t@echo never\n",
            to: "Makefile")
        let result = try shell("make")
        #expect(result.outputText == "2 notes.txt\n")
        #expect(result.errorText.contains("count: none.txt: No such file or directory\n"))
        #expect(result.errorText.contains("Makefile:5: bad] Error 1"))
        #expect(result.status == .exited(2))
    }

    @Test("git runs it as a filter, both ways, for binary files, too")
    func gitFilter() throws {
        let result = try shell(
            """
            set -e
            git init -q repo && cd repo
            git config user.email a@example.org && git config user.name A
            git config filter.copy.clean '"$CLIENT" "$S" echo' && git config filter.copy.smudge '"$CLIENT" "$S" echo'
            git config filter.copy.required true
            echo '*.bin filter=copy' > .gitattributes
            head -c 300000 /dev/urandom > a.bin && cp a.bin ../kept
            git add -A && git commit -q -m one && rm a.bin && git checkout -q a.bin
            cmp a.bin ../kept && git status --porcelain
            """)
        #expect(result.status == .exited(0), "\(result.errorText)")
        #expect(result.outputText == "")
    }

    @Test("a git hook decides by its status", arguments: [true, false])
    func gitHook(isGood: Bool) throws {
        let result = try shell(
            """
            git init -q repo && cd repo && git config user.email a@example.org && git config user.name A
            printf '#!/bin/sh\\nexec "$CLIENT" "$S" count %s\\n' \(isGood ? "a.txt" : "none.txt") > .git/hooks/pre-commit
            chmod +x .git/hooks/pre-commit
            echo x > a.txt && git add a.txt && git commit -q -m one
            echo "status $?"; git rev-list --all --count
            """)
        #expect(result.outputText.hasSuffix(isGood ? "status 0\n1\n" : "status 1\n0\n"), "\(result)")
    }

    @Test("pipelines: both ends binary, a reader that leaves, a writer that never ends")
    func pipelines() throws {
        let result = try shell(
            """
            head -c 5000000 /dev/urandom > data
            cmp data <(cat data | "$CLIENT" "$S" echo | "$CLIENT" "$S" echo) && echo same
            yes | timeout 20 "$CLIENT" "$S" echo | head -2; echo "${PIPESTATUS[1]}"
            seq 1 1000000 | "$CLIENT" "$S" echo | head -1; echo "${PIPESTATUS[1]}"
            """)
        #expect(result.outputText == "same\ny\ny\n141\n1\n141\n")
        #expect(result.errorText == "")
    }

    @Test("standard error is another stream, and the status is its own")
    func redirections() throws {
        let result = try shell(
            """
            count none.txt 2>errors; echo "status $?"; cat errors
            count - none.txt <<<x 2>&1; echo "status $?"
            x=$(count -l <<<$'1\\n2'); echo "$x"
            count >/dev/full <<<x; echo "status $?"
            count <&-; echo "status $?"
            count -c >&- <<<x; echo "status $?"
            count none.txt 2>&-; echo "status $?"
            """)
        #expect(
            result.outputText == """
                status 1
                count: none.txt: No such file or directory
                      1       1       2 -
                count: none.txt: No such file or directory
                      1       1       2 total
                status 1
                2
                status 74
                      0       0       0
                status 0
                status 74
                status 1

                """)
        #expect(
            result.errorText.split(separator: "\n") == [
                "fastdaemon_client: cannot write standard output: No space left on device",
                "fastdaemon_client: cannot write standard output: Bad file descriptor",
            ])
    }

    @Test("many at once, each in a folder of its own")
    func xargs() throws {
        let result = try shell(
            """
            for i in $(seq 1 60); do mkdir $i; printf '%s' "$i" > $i/own; done
            seq 1 60 | xargs -P 20 -I '{}' sh -c 'cd {} && count -c own | sed "s|^|{} |"' | sort -n
            """)
        #expect(result.outputText == (1...60).map { "\($0) \($0 < 10 ? 1 : 2) own\n" }.joined())
    }

    @Test("in a folder that was removed, what needs no folder runs, and nothing runs in another one")
    func removedFolder() throws {
        let result = try shell(
            """
            mkdir gone && cd gone && rmdir ../gone
            "$CLIENT" "$S" echo hi; echo "status $?"
            count -c notes.txt; echo "status $?"
            """)
        #expect(result.outputText == "hi\nstatus 0\nstatus 77\n")
        #expect(
            result.errorText
                == "fastdaemon_client: count: the daemon cannot enter the directory \(work)/gone (deleted): No such file or "
                + "directory\n")
    }

    @Test("a name that is no command of the daemon's is status 127, as in the shell")
    func noCommand() throws {
        let result = try shell("client nothing; echo $?; copy; echo $?; \"$CLIENT\" \"$S\" cuont; echo $?")
        #expect(result.outputText == "127\n127\n127\n")
        #expect(result.errorText.contains("there is no command 'cuont'; did you mean 'count'?"))
    }
}
