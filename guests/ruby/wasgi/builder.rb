# frozen_string_literal: true

module Wasgi
  # What config.ru is written in, for apps that need nothing else of the gem rack.
  class Builder
    def self.parse_file(file)
      new.tap { |builder| builder.instance_eval(File.read(file), file) }.to_app
    end

    def initialize
      @layers = []
      @map = {}
    end

    def run(app = nil, &block)
      @app = app || block
    end

    def use(layer, *arguments, **options, &block)
      @layers << ->(app) { layer.new(app, *arguments, **options, &block) }
    end

    def map(path, &block)
      inner = Builder.new
      inner.instance_eval(&block)
      @map[path.chomp("/")] = inner.to_app
    end

    def to_app
      app = @map.empty? ? @app : method(:route)
      raise ArgumentError, "expected `run` and an app in config.ru" unless app
      @layers.reverse.inject(app) { |inner, make| make.call(inner) }
    end

    private

    # The app of the longest path that the request's begins with.
    def route(environ)
      path = environ["PATH_INFO"]
      mounts = @map.keys.select { |start| path == start || path.start_with?("#{start}/") }
      return @app ? @app.call(environ) : [404, {}, []] if mounts.empty?
      mount = mounts.max_by(&:size)
      environ["SCRIPT_NAME"] += mount
      environ["PATH_INFO"] = path.delete_prefix(mount)
      @map[mount].call(environ)
    end
  end
end
