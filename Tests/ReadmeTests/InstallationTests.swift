import Foundation
import TestSupport
import Testing

/// `make install` and `make uninstall`, in a folder that stands for the root of another machine.
@Suite("An installation") struct InstallationTests {
    private let readme: Readme
    private let clone: Clone
    private let root: String

    init() throws {
        readme = try Readme()
        clone = try Clone(of: readme)
        root = clone.surroundings.file("stage")
    }

    /// Types `make install DESTDIR=... PREFIX=...` as the README shows it, or another target with the same variables.
    private func make(_ target: String) throws -> ProgramResult {
        let line = try readme.block("install").lines[0].replacing("/tmp/stage", with: root)
            .replacing("make install", with: "make --silent \(target)")
        let result = try run(
            "/usr/bin/env", ["-C", clone.path, "sh", "-c", line],
            environment: userEnvironment.merging(["SWIFT": "true"]) { $1 })
        #expect(result.status == .exited(0), "\(result.outputText)\(result.errorText)")
        return result
    }

    /// The files below the root, and their content.
    private func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
            if let content = FileManager.default.contents(atPath: "\(root)/\(name)") { files[name] = content }
        }
        return files
    }

    @Test("installing twice is installing once, and uninstalling leaves no file")
    func twice() throws {
        _ = try make("install")
        let first = try files()
        for name in ["bin/fastdaemond", "lib/fastdaemon/plugins/libEcho.so", "include/fastdaemon_plugin.h"] {
            #expect(first["usr/local/\(name)"] != nil, "\(name)")
        }
        for page in ["man1/fastdaemon_client.1", "man3/fastdaemon_plugin.h.3", "man5/fastdaemon.json.5"] {
            #expect(first["usr/local/share/man/\(page)"] != nil, "\(page)")
        }
        for unit in ["system/fastdaemon.service", "system/fastdaemon.socket", "user/fastdaemon.service"] {
            #expect(first["usr/local/lib/systemd/\(unit)"] != nil, "\(unit)")
        }
        let completions = [
            "bash-completion/completions/fastdaemon_client", "zsh/site-functions/_fastdaemon_client",
            "fish/vendor_completions.d/fastdaemon_client.fish",
        ]
        for name in completions {
            #expect(first["usr/local/share/\(name)"] != nil, "\(name)")
        }
        _ = try make("install")
        #expect(try files() == first)
        _ = try make("uninstall")
        #expect(try files().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: root + "/usr/local/lib/fastdaemon"))
        _ = try make("uninstall")
    }

    @Test("a config that was changed and a handler that was added outlive the installation")
    func kept() throws {
        _ = try make("install")
        let config = root + "/etc/fastdaemon/fastdaemon.json"
        let handler = root + "/usr/local/lib/fastdaemon/plugins/libMine.so"
        try Data("{}".utf8).write(to: URL(filePath: config))
        try Data("mine".utf8).write(to: URL(filePath: handler))
        #expect(try make("install").outputText.contains("kept \(config)"))
        #expect(try make("uninstall").outputText.contains("libMine.so"))
        #expect(try Array(files().keys).sorted() == [config, handler].map { String($0.dropFirst(root.count + 1)) })
    }

    @Test(
        "the installed programs run on a machine without a toolchain",
        .enabled(if: Toolchain.canBeHidden, "this user may not unshare(1) the mounts, or is not root there"))
    func withoutToolchain() throws {
        _ = try make("install")
        let config = root + "/etc/fastdaemon/fastdaemon.json"
        let text = try String(contentsOfFile: config, encoding: .utf8)
        try text.replacing("127.0.0.1:9998", with: "127.0.0.1:0").write(
            toFile: config, atomically: false, encoding: .utf8)

        // That the toolchain is away shows in a program that was not installed.
        #expect(
            try Toolchain.runHidden(root, [builtProgram("fastdaemond"), "--version"]).wait().status == .exited(127))

        let daemon = try Toolchain.runHidden(root, ["/usr/local/bin/fastdaemond", "--config", config])
        defer { daemon.send(SIGKILL) }
        var line = 0
        while let text = daemon.nextErrorLine(after: line), !text.contains("notice: ready") { line += 1 }
        let client = root + "/usr/local/bin/fastdaemon_client"
        let socket = root + "/run/fastdaemon.sock"
        #expect(try run(client, [socket, "echo", "hello", "world"]).outputText == "hello world\n")
        #expect(try run(client, [socket, "wait", "0"]).outputText == "waited 0\n")
        #expect(try run(client, [socket, "count", "-c"], input: .bytes([1, 2, 3])).outputText == "3\n")
        let bench = try Toolchain.runHidden(
            root, ["/usr/local/bin/fastdaemon_bench", "--requests", "100", "/run/fastdaemon.sock"])
        #expect(try bench.wait().status == .exited(0))
        daemon.send(SIGTERM)
        #expect(try daemon.wait().status == .exited(0))
    }
}

/// The libraries of Swift on this machine.
private enum Toolchain {
    /// The folder of the libraries that a program which was not installed loads.
    static let runtimeFolder: String? = {
        let libraries = try? run("/usr/bin/env", ["ldd", builtProgram("fastdaemond")])
        return libraries?.outputText.firstMatch(of: /=> (.*)\/libswiftCore\.so/).map { String($0.1) }
    }()

    /// Whether `runHidden` works here: the mounts can be changed, and the owner of everything is not nobody.
    static let canBeHidden: Bool = {
        guard isInstalled("unshare"), let runtimeFolder else { return false }
        let script = "mount -t tmpfs none \"$1\" && test \"$(stat -c %u /)\" = 0"
        let words = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", runtimeFolder]
        return (try? run("/usr/bin/env", words))?.status == .exited(0)
    }()

    /// Starts a program where the libraries of Swift are not, and where `root` stands for the root of the file system.
    static func runHidden(_ root: String, _ words: [String]) throws -> RunningProgram {
        let runtimeFolder = try #require(runtimeFolder)
        let script = """
            set -e
            mount -t tmpfs none "$1"
            mount --bind "$2/usr/local" /usr/local
            mount --bind "$2/run" /run
            shift 2
            exec "$@"
            """
        return try RunningProgram(
            "/usr/bin/env",
            ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", runtimeFolder, root] + words)
    }
}
