<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<!-- Footprints that a 3D map view extrudes from the ground by their height, to the metre of the
     surface; 3 m high where the height is unknown. -->
<qgis version="3.16.0-Hannover" styleCategories="Symbology|Symbology3D" labelsEnabled="0">
  <renderer-3d type="vector">
    <vector-layer-3d-tiling zoom-levels-count="3" show-bounding-boxes="0"/>
    <symbol type="polygon" material_type="phong">
      <data alt-binding="centroid" alt-clamping="absolute" culling-mode="no-culling" height="0" extrusion-height="0" add-back-faces="0" rendered-facade="3" invert-normals="0"/>
      <material ambient="70,66,60,255" diffuse="205,190,170,255" specular="0,0,0,255" shininess="0"/>
      <data-defined-properties>
        <Option type="Map">
          <Option name="name" type="QString" value=""/>
          <Option name="properties" type="Map">
            <Option name="extrusionHeight" type="Map">
              <Option name="active" type="bool" value="true"/>
              <Option name="expression" type="QString" value="coalesce(&quot;height_m&quot;, 3)"/>
              <Option name="type" type="int" value="3"/>
            </Option>
            <Option name="height" type="Map">
              <Option name="active" type="bool" value="true"/>
              <Option name="expression" type="QString" value="coalesce(&quot;ground_m&quot;, 0)"/>
              <Option name="type" type="int" value="3"/>
            </Option>
          </Option>
          <Option name="type" type="QString" value="collection"/>
        </Option>
      </data-defined-properties>
      <edges enabled="1" width="1" color="90,84,76,255"/>
    </symbol>
  </renderer-3d>
  <renderer-v2 type="singleSymbol" symbollevels="0" forceraster="0" enableorderby="0">
    <symbols>
      <symbol type="fill" name="0" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <prop k="style" v="solid"/>
          <prop k="color" v="255,202,40,90"/>
          <prop k="outline_style" v="solid"/>
          <prop k="outline_color" v="255,202,40,255"/>
          <prop k="outline_width" v="0.3"/>
          <prop k="outline_width_unit" v="MM"/>
          <prop k="joinstyle" v="miter"/>
        </layer>
      </symbol>
    </symbols>
  </renderer-v2>
  <layerGeometryType>2</layerGeometryType>
</qgis>
