import Foundation

/// A plugin of `Tests/FixturePlugins`: each is one C file with one fault or habit, which its first lines tell.
public struct FixturePlugin: Sendable, Hashable {
    /// The name of its C file, without the ending.
    public let name: String

    /// A fixture by the name of its file.
    public init(_ name: String) {
        self.name = name
    }

    /// Every fixture there is.
    public static var all: [FixturePlugin] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: sourceFolder)) ?? []
        return files.filter { $0.hasSuffix(".c") }.sorted().map { FixturePlugin(String($0.dropLast(2))) }
    }

    /// The folder of their sources.
    public static let sourceFolder = Compiler.repository + "/Tests/FixturePlugins"

    /// What its library is called.
    public var libraryName: String { "lib\(name).so" }

    /// Compiles the fixture into a folder and returns the path of the library. The compiler's command is the one that
    /// `fastdaemon_plugin.h(3)` shows.
    ///
    /// - Parameter definitions: Macros of the fixture, such as `VERSION="2"`.
    @discardableResult
    public func build(in folder: String, with compiler: Compiler, definitions: [String] = []) throws -> String {
        let library = folder + "/" + libraryName
        try compiler.run(
            [
                "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-pthread", "-I", Compiler.headerFolder, "-o",
                library,
            ] + definitions.map { "-D" + $0 } + [Self.sourceFolder + "/" + name + ".c"])
        return library
    }
}
