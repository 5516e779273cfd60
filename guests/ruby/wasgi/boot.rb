# frozen_string_literal: true

# Loads the app, before the memory is frozen: `wasgi build` evaluates this once.

require_relative "memory"
require_relative "environ"
require_relative "input"
require_relative "response"
require_relative "server"

module Wasgi
  # The folder of the app, in the component.
  ROOT = "/app"

  class << self
    def boot(warm)
      $stdout.sync = $stderr.sync = true
      Dir.chdir(ROOT)
      $LOAD_PATH.unshift(*libraries)
      no_bundler
      server = Server.new(load_app)
      warm.each { |path| server.warm(path) }
      GC.start
      server
    rescue Exception => error # rubocop:disable Lint/RescueException
      warn "wasgi: #{error.full_message(highlight: false, order: :top)}"
      raise
    end

    private

    # Where Bundler and people have gems.
    def libraries
      gems = %w[vendor/bundle/ruby/*/gems/*/lib vendor/gems/*/lib vendor/ruby lib]
      gems.flat_map { |pattern| Dir.glob("#{ROOT}/#{pattern}").sort }
    end

    # The gems are there already: what of Bundler an app calls before it starts does nothing.
    def no_bundler
      $LOADED_FEATURES << "bundler/setup.rb" << "bundler.rb"
      Object.const_set(:Bundler, Module.new)
      Bundler.define_singleton_method(:setup) { |*| nil }
      Bundler.define_singleton_method(:require) { |*| nil }
    end

    def load_app
      begin
        require "rack"
        require "rack/builder"
        builder = Rack::Builder
      rescue LoadError
        require_relative "builder"
        builder = Builder
      end
      # Rack 2 also gives the options of a server.
      app, = builder.parse_file("#{ROOT}/config.ru")
      app
    end
  end
end
